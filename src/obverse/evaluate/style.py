"""The style sheet of the report page: light and dark, wide and narrow."""

CSS = """
:root { color-scheme: light dark; --paper: #fbfaf8; --card: #fff; --ink: #1d1c1a; --dim: #6d6a65;
  --line: #e3dfd8; --a: #2f6db5; --b: #d0702c; --c: #3d8f63; }
@media (prefers-color-scheme: dark) { :root { --paper: #171615; --card: #211f1d; --ink: #ece9e4;
  --dim: #a29d95; --line: #3a3733; --a: #6fa8ea; --b: #f0a062; --c: #71c498; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
main { max-width: 1180px; margin: 0 auto; padding: 28px 20px 60px; }
h1 { margin: 0; font-size: 1.9rem; overflow-wrap: anywhere; }
h2 { margin: 40px 0 12px; font-size: 1.2rem; }
header p { margin: 4px 0 24px; color: var(--dim); }
.tiles { display: grid; grid-template-columns: repeat(auto-fill, minmax(164px, 1fr)); gap: 10px; }
.tile, figure, article { background: var(--card); border: 1px solid var(--line);
  border-radius: 10px; }
.tile { padding: 10px 12px; display: flex; flex-direction: column; }
.tile span, .tile small, figcaption, article p { color: var(--dim); font-size: .8rem; }
.tile b { font-size: 1.45rem; line-height: 1.3; font-variant-numeric: tabular-nums; }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(340px, 100%), 1fr));
  gap: 12px; margin-top: 24px; align-items: start; }
.plots figure { margin: 0; padding: 10px; }
.plots figure:only-child { max-width: 640px; }
svg { display: block; width: 100%; height: auto; }
svg text { font: 12px system-ui, sans-serif; fill: var(--dim); }
svg .title { font-size: 14px; font-weight: 600; fill: var(--ink); }
svg path, svg polyline { fill: none; }
svg .soft { stroke: var(--line); } svg .axis { stroke: var(--dim); }
svg polyline.soft { stroke: var(--dim); stroke-dasharray: 4 4; }
svg .line { stroke-width: 2; stroke-linejoin: round; }
svg .line.a { stroke: var(--a); } svg .line.b { stroke: var(--b); }
svg .dot, svg .bar { stroke: none; }
svg .dot.a, svg .bar.a { fill: var(--a); } svg .dot.b, svg .bar.b { fill: var(--b); }
svg .dot.c, svg .bar.c { fill: var(--c); }
svg .dot { stroke: var(--card); stroke-width: 1.5; } svg .bar { fill-opacity: .62; }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(480px, 100%), 1fr));
  gap: 12px; }
article { padding: 12px 14px; min-width: 0; }
article h3 { margin: 0 0 8px; font-size: 1rem; overflow-wrap: anywhere; }
article h3 i { font-weight: 400; color: var(--dim); }
article p { margin: 8px 0 0; overflow-wrap: anywhere; }
.shots { display: grid; grid-template-columns: repeat(4, minmax(0, 1fr)); gap: 8px; }
.shots figure { margin: 0; border: 0; background: none; }
.shot { display: grid; place-items: center; aspect-ratio: 1; overflow: hidden; border-radius: 8px;
  background: var(--paper); color: var(--dim); font-size: .75rem; text-align: center; }
.shot img { display: block; width: 100%; height: 100%; object-fit: contain; }
figcaption { text-align: center; line-height: 1.25; margin-top: 4px; overflow-wrap: anywhere; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: .88rem; width: 100%; }
td, th { text-align: left; padding: 5px 12px 5px 0; border-bottom: 1px solid var(--line);
  vertical-align: top; overflow-wrap: anywhere; }
td:first-child { color: var(--dim); min-width: 8em; }
@media (max-width: 560px) { main { padding: 18px 12px 40px; } h1 { font-size: 1.5rem; }
  .tiles { grid-template-columns: 1fr 1fr; } .shots { grid-template-columns: 1fr 1fr; } }
"""
