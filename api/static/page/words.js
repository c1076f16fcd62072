// What stages, statuses and events are called on the page.

export const STAGES = [
  { id: "order_received", name: "Received" },
  { id: "order_validated", name: "Validated" },
  { id: "order_reviewed", name: "Reviewed" },
  { id: "payment_charged", name: "Charged" },
  { id: "package_prepared", name: "Packed" },
  { id: "carrier_dispatched", name: "Dispatched" },
  { id: "order_shipped", name: "Shipped" },
  { id: "order_delivered", name: "Received by the customer", short: "Customer" },
];

const NUMBERS = new Map(STAGES.map((stage, index) => [stage.id, index + 1]));

// By the names of the activities: what is being done, and the stage it belongs to.
const DEEDS = {
  receive_order: "receiving",
  validate_order: "validating",
  charge_payment: "charging",
  settle_charge: "settling the charge",
  prepare_package: "packing",
  dispatch_carrier: "dispatching",
  ship_order: "shipping",
  deliver_order: "delivering",
  refund_payment: "refunding",
  recall_carrier: "recalling the carrier",
  unpack_package: "unpacking",
};

export const OPEN = new Set(["in_progress", "cancelling", "failing", "returning"]);

/** 0 before the first stage. */
export const numberOf = (stage) => NUMBERS.get(stage) ?? 0;

export const nameOf = (stage) => STAGES[numberOf(stage) - 1]?.name ?? "Placed";

export const plain = (word) => word.replaceAll("_", " ");

export const deed = (activity) => DEEDS[activity] ?? plain(activity);

export const money = (cents) =>
  (cents / 100).toLocaleString("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 });

export const seconds = (milliseconds) => `${(milliseconds / 1000).toFixed(milliseconds < 100_000 ? 1 : 0)} s`;

/** A share from 0 to 1; 100 % only when nothing is missing. */
export function percent(share) {
  const hundredths = Math.floor(share * 1000 + 1e-9) / 10;
  return `${share === 1 ? 100 : hundredths} %`;
}

export const clock = (moment) => new Date(moment).toLocaleTimeString("en-GB", { hour12: false });

const count = (number, one, many = `${one}s`) => `${number} ${number === 1 ? one : many}`;

/** "4 calls: 1 failed, 2 hung, won by call 3, 41 ms"; empty where nothing was raced. */
export function effort(figures) {
  if (!figures?.launched) return "";
  const parts = [
    figures.failed && `${figures.failed} failed`,
    figures.hung && `${figures.hung} hung`,
    figures.cancelled && `${figures.cancelled} outrun`,
    figures.won_by && `won by call ${figures.won_by}`,
    figures.milliseconds !== null && `${figures.milliseconds} ms`,
  ].filter(Boolean);
  const tries = figures.attempts > 1 ? ` in ${figures.attempts} tries` : "";
  return `${count(figures.launched, "call")}${tries}: ${parts.join(", ")}`;
}

/** An event in one line, without the order's number. */
export function eventLine(event) {
  switch (event.type) {
    case "stage_reached":
      return nameOf(event.stage);
    case "command_accepted":
      return `${plain(event.command)}: ${plain(event.decision)}`;
    case "command_refused":
      return `${plain(event.command)} refused: ${event.decision}`;
    case "compensated":
      return `undone: ${nameOf(event.stage).toLowerCase()}`;
    default:
      return plain(event.status);
  }
}
