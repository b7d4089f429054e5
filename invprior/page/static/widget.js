
// The viewer in a notebook: the same one, over two pictures that the kernel sends.

async function pictured(address) {
  if (!address) return null;
  const image = new Image();
  image.src = address;
  await image.decode();
  return new ImageLayer(image, "");
}

export default {
  render({ model, el }) {
    const stage = Object.assign(document.createElement("div"), { className: "stage invprior" });
    const canvas = document.createElement("canvas");
    canvas.tabIndex = 0;
    canvas.setAttribute("role", "application");
    canvas.setAttribute("aria-label", "Before on the left, after on the right; plus and minus zoom, arrow keys move");
    const divide = Object.assign(document.createElement("input"), { type: "range", min: 0, max: 100, step: 0.5, value: 50 });
    divide.setAttribute("aria-label", "divider");
    const caption = document.createElement("p");
    stage.append(canvas);
    el.append(stage, divide, caption);
    const viewer = new Viewer(canvas);
    let latest = 0;
    const show = async () => {
      const number = ++latest;
      caption.textContent = model.get("caption");
      const layers = await Promise.all([pictured(model.get("before")), pictured(model.get("after"))]);
      if (number !== latest) return; // a newer picture is on its way
      divide.hidden = !layers[0] || !layers[1];
      viewer.show(...layers);
    };
    for (const name of ["before", "after", "caption"]) model.on(`change:${name}`, show);
    divide.addEventListener("input", () => { viewer.share = divide.value / 100; viewer.draw(); });
    show();
  },
};
