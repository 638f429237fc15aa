// The renderer: WebGPU or WebGL2, if `?api=webgpu` or `?api=webgl2` in the page's address says so; else the
// library chooses.
const apiAsked = new URLSearchParams(location.search).get("api") ?? undefined;

/**
 * Makes a renderer on the picture's canvas. `repaint` is called when the graphics card has lost its memory. If the
 * renderer fails for good, `replace` is called with another one.
 */
async function startRenderer({ repaint, replace }, api = apiAsked) {
    const renderer = await makeRenderer(at("picture"), { api });
    renderer.onrestored = repaint;
    renderer.onfailed = () => {
        at("picture").replaceWith(at("picture").cloneNode()); // a canvas that WebGPU has used cannot have WebGL2
        startRenderer({ repaint, replace }, "webgl2").then(replace, (error) => say(error.message, true));
    };
    return renderer;
}
