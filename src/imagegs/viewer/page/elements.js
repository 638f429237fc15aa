// What the page is asked to show, and what its parts make elements with.
const config = JSON.parse(document.getElementById("config").textContent);
const at = (id) => document.getElementById(id);

function element(tag, attributes = {}, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
        if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
        else if (name.startsWith("aria-")) made.setAttribute(name, value); // "false" is a value of these
        else if (value !== null && value !== false) made.setAttribute(name, value === true ? "" : value);
    }
    made.append(...children.filter((child) => child !== null));
    return made;
}

const bytesText = (n) => (n < 10000 ? `${n.toLocaleString("en")} bytes` : `${(n / 1024).toFixed(1)} KiB`);

function say(text, failed = false) {
    const message = at("message");
    message.hidden = !text;
    message.textContent = text;
    message.classList.toggle("failed", failed);
}
