// The page of links in mail. The fragment says what the link is for and holds its token: #purpose=token. It is taken out of
// the address at once, so that neither the history nor a copied address holds it. Nothing is sent before a button is pressed:
// programs that look into mail open links, too.
"use strict";

const main = document.getElementById("main");
const [purpose, token] = location.hash.slice(1).split("=");
history.replaceState(null, "", location.pathname);

// {status, body}; body: what the answer says, null if nothing.
async function post(path, body, session) {
  const headers = { "Content-Type": "application/json", "Accept-Language": document.documentElement.lang };
  if (session) headers.Authorization = "Bearer " + session;
  const answer = await fetch(path, { method: "POST", headers, body: JSON.stringify(body), credentials: "omit" });
  const text = await answer.text();
  return { ok: answer.ok, body: text === "" ? null : JSON.parse(text) };
}

// What went wrong, in the server's words.
function explain(problem) {
  if (problem === null) return main.dataset.other;
  const details = (problem.errors || []).map((error) => error.detail).filter(Boolean);
  return details.length > 0 ? details.join(" ") : problem.detail || problem.title || main.dataset.other;
}

// With an account that exists: a session only for this. An account with a second factor is asked for its code then.
async function acceptWithAccount(path, { code, ...given }, form) {
  if (code) given[/^[0-9 ]+$/.test(code) ? "totp_code" : "recovery_code"] = code.replaceAll(" ", "");
  const opened = await post("/v1/sessions", given);
  if (!opened.ok) {
    if (opened.body.code === "totp_required") form.querySelector(".second").hidden = false;
    return opened;
  }
  const session = opened.body.session.access_token;
  const answer = await post(path, { token }, session);
  await fetch("/v1/sessions/current", { method: "DELETE", headers: { Authorization: "Bearer " + session } });
  return answer;
}

async function submit(section, form) {
  const error = form.querySelector(".error");
  const button = form.querySelector("button");
  const label = button.textContent;
  const given = Object.fromEntries(new FormData(form));
  const path = section.dataset.operation;
  error.hidden = true;
  button.disabled = true;
  button.textContent = main.dataset.busy;
  try {
    const answer = "signsIn" in form.dataset
      ? await acceptWithAccount(path, given, form)
      : await post(path, { token, ...given });
    if (answer.ok) {
      for (const child of section.children) child.hidden = !child.classList.contains("done");
      section.querySelector(".done h1").focus();
      return;
    }
    error.textContent = explain(answer.body);
  } catch {
    error.textContent = main.dataset.network;
  }
  error.hidden = false;
  button.disabled = false;
  button.textContent = label;
}

function show(section) {
  section.hidden = false;
  section.querySelector("h1").focus();
  for (const form of section.querySelectorAll("form")) {
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      submit(section, form);
    });
  }
  for (const tick of section.querySelectorAll("[data-shows]")) {
    tick.addEventListener("change", () => {
      document.getElementById(tick.dataset.shows).type = tick.checked ? "text" : "password";
    });
  }
}

const known = ["verify_email", "email_change", "password_reset", "invitation"].includes(purpose);
show(document.getElementById(known && token ? purpose : "none"));
