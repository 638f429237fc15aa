// A fit that is still running: the server announces each newer picture.

/** Follows the fit. load(address): shows a picture. */
function followFit(load) {
    const bar = element("progress", { max: 1, value: 0 }), text = element("p", { class: "note" });
    at("panel").prepend(group("Fitting", bar, text));
    const events = new EventSource(config.events);
    let loading = false, waiting = null;
    const next = async () => {
        if (loading || !waiting) return;
        const state = waiting;
        waiting = null;
        loading = true;
        try {
            await load(`${config.picture}?${state.version}`);
        } catch (error) {
            if (!waiting) say(error.message, true); // else a newer picture took its place on the server
        }
        loading = false;
        next();
    };
    events.onmessage = ({ data }) => {
        const state = JSON.parse(data), done = state.done ? "done: " : "";
        bar.max = state.steps;
        bar.value = state.done ? state.steps : state.step;
        text.textContent = `${done}step ${state.step} of ${state.steps}, ${state.n_gaussians.toLocaleString("en")} Gaussians, ${state.psnr.toFixed(2)} dB`;
        if (state.done) events.close();
        waiting = state;
        next();
    };
}
