// Functions by which the scripts of pages find and make elements.
const at = (id) => document.getElementById(id);
const SVG = "http://www.w3.org/2000/svg";

/**
 * Makes an element. tag: "p", or "svg:path" for elements of SVG. attributes: "onclick" and the like are listeners; an
 * attribute that is false or null is left out.
 */
function element(tag, attributes = {}, ...children) {
    const made = tag.startsWith("svg:") ? document.createElementNS(SVG, tag.slice(4)) : document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
        if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
        else if (name.startsWith("aria-")) made.setAttribute(name, value); // "false" is a value of these
        else if (value !== null && value !== false) made.setAttribute(name, value === true ? "" : value);
    }
    made.append(...children.filter((child) => child !== null));
    return made;
}
