// Wheel, drag, pinch, double click and keys.
const wheelStep = 1.0015; // the zoom's factor for each pixel that the wheel scrolls
const keyPan = 60; // window pixels for each press of an arrow key

/** Lets gestures on the stage move the viewport. keys: a function for each key of the page's own. */
function listenToGestures(stage, viewport, keys) {
    const pointers = new Map();
    const place = (event) => [event.clientX - stage.getBoundingClientRect().left, event.clientY - stage.getBoundingClientRect().top];
    stage.addEventListener("wheel", (event) => {
        event.preventDefault();
        const pixels = event.deltaY * (event.deltaMode ? 33 : 1) * (event.ctrlKey ? 4 : 1); // with ctrlKey it is a pinch on a touchpad
        viewport.zoomBy(wheelStep ** -Math.min(Math.max(pixels, -800), 800), ...place(event));
    }, { passive: false });
    stage.addEventListener("pointerdown", (event) => {
        if (event.button || event.target.id === "divider") return;
        try {
            stage.setPointerCapture(event.pointerId);
        } catch { /* the pointer is gone already */ }
        pointers.set(event.pointerId, place(event));
        stage.classList.add("moving");
    });
    stage.addEventListener("pointermove", (event) => {
        if (!pointers.has(event.pointerId)) return;
        const before = [...pointers.values()];
        pointers.set(event.pointerId, place(event));
        follow(viewport, before, [...pointers.values()]);
    });
    for (const type of ["pointerup", "pointercancel"])
        stage.addEventListener(type, (event) => {
            pointers.delete(event.pointerId);
            stage.classList.toggle("moving", pointers.size > 0);
        });
    stage.addEventListener("dblclick", (event) => event.target.id !== "divider" && viewport.fit());
    addEventListener("keydown", (event) => {
        if (event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) return;
        const act = moves(viewport)[event.key] ?? keys[event.key.toLowerCase()];
        if (!act) return;
        event.preventDefault();
        act();
    });
}

/** Pans by one pointer, pans and zooms by two. */
function follow(viewport, before, after) {
    if (after.length === 1) return viewport.panBy(after[0][0] - before[0][0], after[0][1] - before[0][1]);
    const middle = ([a, b]) => [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
    const apart = ([a, b]) => Math.max(Math.hypot(a[0] - b[0], a[1] - b[1]), 1);
    const [from, to] = [middle(before), middle(after)];
    viewport.panBy(to[0] - from[0], to[1] - from[1]);
    viewport.zoomBy(apart(after) / apart(before), ...to);
}

/** What the keys of the viewport do. */
const moves = (viewport) => ({
    "+": () => viewport.zoomBy(1.5),
    "=": () => viewport.zoomBy(1.5),
    "-": () => viewport.zoomBy(1 / 1.5),
    0: () => viewport.fit(),
    1: () => viewport.zoomBy(1 / viewport.zoom / devicePixelRatio),
    ArrowLeft: () => viewport.panBy(keyPan, 0),
    ArrowRight: () => viewport.panBy(-keyPan, 0),
    ArrowUp: () => viewport.panBy(0, keyPan),
    ArrowDown: () => viewport.panBy(0, -keyPan),
});
