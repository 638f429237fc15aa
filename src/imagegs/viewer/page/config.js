// The configuration of the page, and its messages.
const config = JSON.parse(at("config").textContent);

const bytesText = (n) => (n < 10000 ? `${n.toLocaleString("en")} bytes` : `${(n / 1024).toFixed(1)} KiB`);

function say(text, failed = false) {
    const message = at("message");
    message.hidden = !text;
    message.textContent = text;
    message.classList.toggle("failed", failed);
}
