// Asks for the key that writes need, once a tab.

import * as api from "./api.js";
import { h } from "./dom.js";
import { t } from "./i18n.js";
import { ask, button, field } from "./ui.js";

let asking = null;

// Several requests may be refused at once: they share one question.
export function askForKey(wrong) {
  asking ??= question(wrong).finally(() => {
    asking = null;
  });
  return asking;
}

// Asks until a key is accepted, or nobody has one.
async function question(wrong) {
  api.keepKey("");
  const given = await form(wrong);
  if (!given) return null;
  try {
    await api.open(given);
    return given;
  } catch (error) {
    if (error.status === 401) return question(true);
    throw error;
  }
}

function form(wrong) {
  return ask(t("key.title"), (close) => {
    const input = h("input", {
      type: "password",
      autocomplete: "off",
      required: true,
      autofocus: true,
    });
    return h(
      "form",
      {
        class: "stack",
        on: {
          submit: (event) => {
            event.preventDefault();
            close(input.value.trim());
          },
        },
      },
      h("p", {}, wrong ? t("key.wrong") : t("key.why")),
      field(t("key.key"), input, t("key.kept")),
      h(
        "div",
        { class: "actions" },
        button(t("key.use"), () => {}, { kind: "strong", type: "submit" }),
      ),
    );
  });
}
