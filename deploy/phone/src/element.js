/** Small things done to the page. */

/**
 * The element of this id, which index.html has.
 *
 * @template {HTMLElement} [T=HTMLElement]
 * @param {string} id
 * @returns {T}
 */
export const byId = (id) => /** @type {T} */ (document.getElementById(id));

/**
 * Write a text, but only if it is another: a screen reader would say the same one again.
 *
 * @param {HTMLElement} element
 * @param {string} text
 */
export function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * An element with a text.
 *
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {string} text
 * @param {Record<string, string>} attributes
 */
export function made(tag, text, attributes = {}) {
  const element = document.createElement(tag);
  element.textContent = text;
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

/**
 * A group of radio buttons in a fieldset; what is chosen already stays so, as does the focus.
 *
 * @param {HTMLElement} fieldset
 * @param {string} name
 * @param {[value: string, text: string][]} choices
 * @param {(value: string) => void} onChoice
 */
export function radios(fieldset, name, choices, onChoice) {
  for (const [value, text] of choices) {
    const found = fieldset.querySelector(`input[value="${value}"]`);
    if (found?.nextElementSibling instanceof HTMLElement) {
      write(found.nextElementSibling, text);
      continue;
    }
    const label = made("label", "", { class: "choice" });
    const input = /** @type {HTMLInputElement} */ (made("input", "", { type: "radio", name, value }));
    input.addEventListener("change", () => onChoice(value));
    label.append(input, made("span", text));
    fieldset.append(label);
  }
}

/**
 * Show which one of a group holds; none where the value is null.
 *
 * @param {HTMLElement} fieldset
 * @param {string | null} value
 */
export function choose(fieldset, value) {
  for (const input of fieldset.querySelectorAll("input")) input.checked = input.value === value;
}
