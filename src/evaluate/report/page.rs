//! The page around what was measured.

use crate::vision::Entry;
use maud::{DOCTYPE, Markup, PreEscaped, html};

/// Light, dark and paper. Colours are of one palette, and told apart by people who don't see red and green alike (Okabe and Ito, 2008).
const STYLE: &str = "
:root { color-scheme: light dark; --ink: #1d2129; --faint: #6b7280; --line: #d9dce3; --paper: #fbfbfa; --card: #ffffff;
  --genuine: #0072b2; --impostor: #d55e00; --tau: #1d2129; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8e9ec; --faint: #9aa1ad; --line: #363b45; --paper: #15171c; --card: #1d2027;
  --genuine: #56b4e9; --impostor: #f0883e; --tau: #e8e9ec; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 72rem; padding: 2.5rem 1.5rem 4rem; background: var(--paper); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'DejaVu Sans', sans-serif; }
header { border-bottom: 2px solid var(--ink); padding-bottom: .8rem; margin-bottom: 1.8rem; }
h1 { font-size: 2rem; line-height: 1.2; margin: 0; letter-spacing: -.02em; }
h2 { font-size: 1.15rem; margin: 2.6rem 0 .7rem; }
header p, figcaption, .note { color: var(--faint); margin: .3rem 0 0; font-size: .88rem; }
code { font: .92em ui-monospace, 'DejaVu Sans Mono', monospace; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(10.5rem, 1fr)); gap: .8rem; }
.tile { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: .9rem 1rem; }
.tile b { display: block; font-size: 1.6rem; line-height: 1.25; font-weight: 650; font-variant-numeric: tabular-nums; }
.tile span { color: var(--faint); font-size: .82rem; line-height: 1.35; display: block; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); gap: 1rem; margin-top: 1.6rem; }
.chart { margin: 0; background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 1rem 1rem .8rem; }
.chart:last-child:nth-child(odd) { grid-column: 1 / -1; }
.chart h3 { margin: 0 0 .4rem; font-size: 1rem; }
.chart svg { display: block; width: 100%; height: auto; font-family: inherit; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .42rem .8rem .42rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
th { color: var(--faint); font-weight: 600; font-size: .8rem; white-space: nowrap; }
.legend { font-size: .86rem; color: var(--faint); }
.legend span { margin-right: 1.4rem; white-space: nowrap; }
.legend span::before { content: ''; display: inline-block; width: 1.5rem; margin-right: .5rem; vertical-align: middle; border-top: 3px solid var(--ink); }
.legend .genuine::before { border-color: var(--genuine); } .legend .impostor::before { border-color: var(--impostor); }
.legend .dashed::before { border-top-style: dashed; border-width: 2px; }
.pairs { display: grid; grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr)); gap: .9rem; }
.pair { margin: 0; background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: .6rem; break-inside: avoid; }
.pair img, .pair .missing { width: 49%; aspect-ratio: 1; object-fit: cover; border-radius: 6px; display: inline-block; background: var(--line); }
.pair img + img, .pair img + .missing, .pair .missing + img { margin-left: 2%; }
.pair figcaption { overflow-wrap: anywhere; line-height: 1.4; } .pair b { color: var(--ink); font-size: 1rem; }
footer { margin-top: 3rem; border-top: 1px solid var(--line); padding-top: .8rem; color: var(--faint); font-size: .84rem; }
@media print { :root { color-scheme: light; --ink: #000; --faint: #444; --line: #bbb; --paper: #fff; --card: #fff; --genuine: #0072b2; --impostor: #d55e00; --tau: #000; }
  body { max-width: none; padding: 0; font-size: 11pt; } .chart, .tile, tr { break-inside: avoid; } h2 { break-after: avoid; } }
";

/// A whole page.
pub fn page(title: &str, encoder: Option<&Entry>, body: &Markup) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                // Nothing is fetched from anywhere, whatever should find its way into the page.
                meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:";
                title { (title) " · facegate" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header {
                    h1 { (title) }
                    @if let Some(entry) = encoder {
                        p { "Encoder " b { (entry.name) } ", " code { (entry.digest.short()) } " · " (entry.licence) }
                    }
                }
                main { (body) }
                footer {
                    "Made by facegate " (env!("CARGO_PKG_VERSION")) ". "
                    // Only the pages about comparisons hold pictures.
                    @if encoder.is_some() { "Pictures in this page are small copies of those that were measured: mind who sees it. " }
                    "Rates are those of these pictures; a gate of your own has its own people and light."
                }
            }
        }
    };
    page.into_string()
}

/// A number that matters, and what it is.
pub fn tile(number: &str, what: &str) -> Markup {
    html! { div.tile { b { (number) } span { (what) } } }
}

/// A drawing, with what it shows.
pub fn figure(title: &str, what: &str, svg: &str) -> Markup {
    html! { figure.chart { h3 { (title) } div role="img" aria-label=(what) { (PreEscaped(svg)) } figcaption { (what) } } }
}

/// A table; nothing where it has no row.
pub fn table(head: &[&str], rows: impl Iterator<Item = Vec<String>>) -> Markup {
    let rows: Vec<Vec<String>> = rows.collect();
    html! {
        @if !rows.is_empty() {
            div.wide { table {
                thead { tr { @for name in head { th { (name) } } } }
                tbody { @for row in &rows { tr { @for cell in row { td { (cell) } } } } }
            } }
        }
    }
}
