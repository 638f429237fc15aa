// The configuration of the page, and messages to its user.
const config = JSON.parse(at("config").textContent);

const bytesText = (n) => (n < 10000 ? `${n.toLocaleString("en")} bytes` : `${(n / 1024).toFixed(1)} KiB`);

/** Shows a message; an empty text hides it. */
function say(text, failed = false) {
    const message = at("message");
    message.hidden = !text;
    message.textContent = text;
    message.classList.toggle("failed", failed);
}
