// What an order can be told.

import { command } from "./ask.js";
import { awaitsReview, isOpen } from "./orders.js";
import { ask } from "./dialog.js";
import { told } from "./notices.js";
import { money } from "./words.js";

export const DEMO_ADDRESS = {
  recipient: "Ada Example",
  line1: "1 Harbour Street",
  city: "Bremen",
  postal_code: "28195",
  country: "DE",
};

export const COMMANDS = [
  { name: "Cancel", run: cancel, isOffered: isOpen },
  { name: "Address", run: changeAddress, isOffered: isOpen },
  { name: "Approve", run: approve, isOffered: awaitsReview },
  { name: "Reject", run: reject, isOffered: awaitsReview },
  { name: "Return", run: takeBack, isOffered: (order) => order.status === "completed" },
];

// By the operation's name in the contract.
export const BY_OPERATION = {
  cancel_order: [COMMANDS[0]],
  update_address: [COMMANDS[1]],
  review_order: [COMMANDS[2], COMMANDS[3]],
  return_order: [COMMANDS[4]],
};

export const startOrder = () => command("POST", "/orders", { address: DEMO_ADDRESS });

function cancel(id) {
  return told(`Cancel order ${id}`, () => command("POST", `/orders/${id}/cancel`), ofCancellation);
}

const ofCancellation = (answer) =>
  answer.refund_cents ? `cancelled, ${money(answer.refund_cents)} goes back` : "cancelled, nothing was charged";

function takeBack(id) {
  const sentence = (answer) => `taken back, ${money(answer.refund_cents)} paid back`;
  return told(`Return order ${id}`, () => command("POST", `/orders/${id}/return`), sentence);
}

function approve(id) {
  const body = { decision: "approve", reviewer: "the live page" };
  return told(`Approve order ${id}`, () => command("POST", `/orders/${id}/review`, body), () => "approved");
}

async function reject(id) {
  const given = await ask(`Reject order ${id}`, [{ name: "reason", label: "Reason", value: "" }]);
  if (given === null) return null;
  const body = { decision: "reject", reviewer: "the live page", reason: given.reason || null };
  return told(`Reject order ${id}`, () => command("POST", `/orders/${id}/review`, body), () => "rejected");
}

async function changeAddress(id) {
  const given = await ask(`New address of order ${id}`, ADDRESS_FIELDS);
  if (given === null) return null;
  const sentence = (answer) => `goes to ${answer.address.city} now`;
  return told(`Address of order ${id}`, () => command("PUT", `/orders/${id}/address`, given), sentence);
}

const ADDRESS_FIELDS = [
  { name: "line1", label: "Street", value: "2 Mill Lane", required: true },
  { name: "city", label: "City", value: "Leiden", required: true },
  { name: "postal_code", label: "Postal code", value: "2311", required: true },
  { name: "country", label: "Country (two letters)", value: "NL", required: true },
];
