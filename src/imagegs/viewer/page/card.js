// The renderer: WebGPU or WebGL2, as `?api=webgpu` or `?api=webgl2` in the page's address says, else as the
// library chooses.
const apiAsked = new URLSearchParams(location.search).get("api") ?? undefined;

/**
 * A renderer on the picture's canvas. repaint: called when the card has lost what was drawn; replace: called
 * with a renderer that takes the place of this one, which has failed for good.
 */
async function startRenderer({ repaint, replace }, api = apiAsked) {
    const renderer = await makeRenderer(at("picture"), { api });
    renderer.onrestored = repaint;
    renderer.onfailed = () => {
        at("picture").replaceWith(at("picture").cloneNode()); // a canvas that had WebGPU cannot get WebGL2
        startRenderer({ repaint, replace }, "webgl2").then(replace, (error) => say(error.message, true));
    };
    return renderer;
}
