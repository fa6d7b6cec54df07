"""How far letters stand out from what is behind them (WCAG 2: from 4.5 on they can be read)."""


def luminance(colour: str) -> float:
    """Of a colour such as #1c7dbe, between 0 and 1."""
    parts = [int(colour[start:start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(share * part for share, part in zip((0.2126, 0.7152, 0.0722), linear))


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one) + 0.05, luminance(other) + 0.05))
    return high / low


# The smallest contrast of any text with what is behind it (WCAG 2: 4.5 can be read), and the text.
CONTRAST = """() => {
  const parse = text => { const [r, g, b, a = 1] = text.match(/[\\d.]+/g).map(Number); return [r, g, b, a]; };
  const over = (top, below) => [0, 1, 2].map(i => top[i] * top[3] + below[i] * (1 - top[3])).concat(1);
  const light = colour => { const [r, g, b] = colour.slice(0, 3).map(v => v / 255).map(v => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
    return .2126 * r + .7152 * g + .0722 * b; };
  const behind = element => { const own = parse(getComputedStyle(element).backgroundColor);
    return own[3] === 1 || !element.parentElement ? own : over(own, behind(element.parentElement)); };
  const opacity = element => element ? Number(getComputedStyle(element).opacity) * opacity(element.parentElement) : 1;
  let worst = [99, ""];
  for (const element of document.body.querySelectorAll("*")) {
    const text = [...element.childNodes].filter(node => node.nodeType === 3).map(node => node.data.trim()).join("");
    if (!text || !element.getClientRects().length) continue;
    const back = behind(element), front = parse(getComputedStyle(element).color);
    front[3] *= opacity(element);
    const [high, low] = [light(over(front, back)), light(back)].sort((a, b) => b - a);
    const ratio = (high + .05) / (low + .05);
    if (ratio < worst[0]) worst = [ratio, text];
  }
  return worst;
}"""
