// Requests to the API. One that is not known to be answered is asked again under the same key.

import { fetchWithKey } from "./key.js";

const PATIENCE = 30_000;

// Too often, and not now.
const PASSING = new Set([429, 503]);

/** What a rule refused, or what was wrong with the request: to be shown as it is. */
export class Problem extends Error {
  constructor(body) {
    super(body.detail ?? body.title ?? "no answer");
    this.code = body.code ?? "UNREACHABLE";
    this.errors = body.errors ?? [];
  }
}

export async function read(path) {
  const answer = await fetchWithKey(path);
  const body = await answer.json();
  if (!answer.ok) throw new Problem(body);
  return body;
}

/** Send a command; returns what was answered, raises Problem when it was refused. */
export async function command(method, path, body) {
  const headers = { "Idempotency-Key": crypto.randomUUID() };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const request = { method, headers, body: body === undefined ? undefined : JSON.stringify(body) };
  const endsAt = Date.now() + PATIENCE;
  for (;;) {
    const { answer, told } = await attempt(path, request);
    if (answer?.ok) return told;
    if (!mayPass(answer, told) || Date.now() > endsAt) throw new Problem(told);
    await pause(1000 * Number(answer?.headers.get("Retry-After") ?? 1));
  }
}

async function attempt(path, request) {
  try {
    const answer = await fetchWithKey(path, request);
    return { answer, told: await answer.json() };
  } catch {
    return { answer: null, told: { title: "the API does not answer" } };
  }
}

const mayPass = (answer, told) => answer === null || PASSING.has(answer.status) || told.code === "IN_PROGRESS";

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
