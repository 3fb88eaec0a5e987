"""What a browser painted: texts that overlap, leave the picture, or cannot be read."""

LOOK = """
() => {
  const found = [];
  const lum = c => {
    const [r, g, b] = c.match(/[\\d.]+/g).slice(0, 3).map(v => {
      v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (a, b) => {
    const [x, y] = [lum(a), lum(b)].sort((p, q) => q - p);
    return (x + 0.05) / (y + 0.05);
  };
  for (const svg of document.querySelectorAll('svg.lr')) {
    svg.scrollIntoView();
    const frame = svg.getBoundingClientRect();
    const paper = getComputedStyle(svg).backgroundColor;
    const texts = [...svg.querySelectorAll('text')].filter(t => t.textContent.trim());
    const name = svg.querySelector('title').textContent.slice(0, 30);
    const words = t => [...t.childNodes].filter(n => n.nodeType === 3).map(n => n.data).join('');
    const boxes = texts.map(t => t.getBoundingClientRect());
    texts.forEach((t, i) => {
      const a = boxes[i];
      if (a.left < frame.left - 1 || a.right > frame.right + 1 ||
          a.top < frame.top - 3 || a.bottom > frame.bottom + 3)
        found.push(`${name}: leaves the picture: ${words(t)}`);
      for (let j = i + 1; j < texts.length; j++) {
        const b = boxes[j];
        const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
        const high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
        if (wide > 1 && high > 4) found.push(`${name}: overlap: ${words(t)} / ${words(texts[j])}`);
      }
      const ink = getComputedStyle(t).fill;
      for (const part of [0.02, 0.5, 0.98]) {
        const x = a.left + a.width * part, y = a.top + a.height / 2;
        if (x < 0 || y < 0 || x > innerWidth || y > innerHeight) continue;
        const under = document.elementsFromPoint(x, y).find(e =>
          ['rect', 'path', 'circle'].includes(e.tagName) && svg.contains(e) &&
          getComputedStyle(e).fill.startsWith('rgb') && getComputedStyle(e).opacity === '1' &&
          !t.classList.contains('halo'));
        const back = under ? getComputedStyle(under).fill : paper;
        if (contrast(ink, back) < 4.5)
          found.push(`${name}: ${contrast(ink, back).toFixed(2)}: ${words(t)}`);
      }
    });
  }
  return found;
}
"""


def faults(page, markup):
    """Return what is wrong with the pictures of a page, in words."""
    page.set_content(f"<!doctype html><body style='margin:0'>{markup}</body>")
    return page.evaluate(LOOK)
