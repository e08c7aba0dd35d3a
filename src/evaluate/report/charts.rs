//! Curves as SVG. Colours are marks that the page's style gives a meaning, so that one drawing serves in light and in dark.

use super::EvaluateError;
use crate::evaluate::verification::NO_SCORE;
use plotters::coord::ranged1d::{AsRangedCoord, Ranged, ValueFormatter};
use plotters::prelude::*;

const SIZE: (u32, u32) = (560, 380);
/// Of a drawing that has the page's whole width.
const WIDE: (u32, u32) = (1140, 340);
const TEXT: i32 = 15;
/// Bins of a histogram.
const BINS: usize = 90;

/// What a line stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Genuine pairs, living faces, people enrolled.
    Genuine,
    /// Impostors, attacks, strangers.
    Impostor,
    /// Neither.
    Ink,
}

/// A line of a drawing over K.
pub struct Line {
    pub kind: Kind,
    pub is_dashed: bool,
    /// K and a rate.
    pub points: Vec<(f64, f64)>,
    /// K, and what a rate is at most that was seen zero times: drawn hollow.
    pub bounds: Vec<(f64, f64)>,
}

const INK: RGBColor = RGBColor(1, 1, 1);
const GRID: RGBColor = RGBColor(2, 2, 2);
const GENUINE: RGBColor = RGBColor(3, 3, 3);
const IMPOSTOR: RGBColor = RGBColor(4, 4, 4);
const TAU: RGBColor = RGBColor(5, 5, 5);
const FAINT: RGBColor = RGBColor(6, 6, 6);

impl Kind {
    fn colour(self) -> RGBColor {
        match self {
            Kind::Genuine => GENUINE,
            Kind::Impostor => IMPOSTOR,
            Kind::Ink => INK,
        }
    }
}

/// FMR (logarithmic) to TAR.
pub fn roc(points: &[(f64, f64)], least: f64, lowest: f64, tau: (f64, f64)) -> Result<String, EvaluateError> {
    let floor = (lowest * 20.0 - 0.2).floor().clamp(0.0, 19.0) / 20.0;
    draw(SIZE, |area| {
        let x = (left(least)..1.0).log_scale();
        let mut chart = chart(area, x, floor..1.0, ["FMR", "TAR"], &small, &|v| format!("{:.0} %", v * 100.0))?;
        let kept = visible(points, least).into_iter().map(|(x, y)| (x, y.max(floor)));
        chart.draw_series(LineSeries::new(kept, GENUINE.stroke_width(2)))?;
        chart.draw_series([Circle::new((tau.0.max(left(least)), tau.1.max(floor)), 5, IMPOSTOR.filled())])?;
        Ok(())
    })
}

/// Two errors, both logarithmic: across and up, with their names.
pub fn det(points: &[(f64, f64)], names: [&str; 2], least: (f64, f64), tau: (f64, f64)) -> Result<String, EvaluateError> {
    draw(SIZE, |area| {
        let (from_x, from_y) = (left(least.0), left(least.1));
        let (x, y) = ((from_x..1.0).log_scale(), (from_y..1.0).log_scale());
        let mut chart = chart(area, x, y, names, &small, &small)?;
        let clipped = visible(points, least.0).into_iter().map(|(x, y)| (x, y.max(from_y)));
        chart.draw_series(LineSeries::new(clipped, GENUINE.stroke_width(2)))?;
        chart.draw_series([Circle::new((tau.0.max(from_x), tau.1.max(from_y)), 5, IMPOSTOR.filled())])?;
        Ok(())
    })
}

/// Scores of both kinds as shares of their own, and a threshold.
pub fn histogram(genuine: &[f32], impostor: &[f32], tau: f32, is_wide: bool) -> Result<String, EvaluateError> {
    let compared = genuine.iter().chain(impostor).filter(|s| **s > NO_SCORE && s.is_finite());
    let (low, high) = compared.fold((tau, tau), |(low, high), s| (low.min(*s), high.max(*s)));
    let (low, high) = ((low * 20.0).floor() / 20.0, (high * 20.0).ceil() / 20.0);
    let width = ((high - low) / BINS as f32).max(1e-6);
    let shares = |scores: &[f32]| {
        let mut bins = vec![0.0f64; BINS];
        for s in scores.iter().filter(|s| **s > NO_SCORE) {
            bins[(((s - low) / width) as usize).min(BINS - 1)] += 1.0 / scores.len() as f64;
        }
        bins
    };
    let (genuine, impostor) = (shares(genuine), shares(impostor));
    let top = genuine.iter().chain(&impostor).copied().fold(0.0, f64::max) * 1.08;
    let steps = |bins: &[f64]| {
        let at = |n: usize| f64::from(low + width * n as f32);
        bins.iter().enumerate().flat_map(|(n, share)| [(at(n), *share), (at(n + 1), *share)]).collect::<Vec<_>>()
    };
    draw(if is_wide { WIDE } else { SIZE }, |area| {
        let x = f64::from(low)..f64::from(low + width * BINS as f32);
        let mut chart = chart(area, x, 0.0..top.max(1e-9), ["score", "share"], &|v| format!("{v:.1}"), &|v| format!("{:.0} %", v * 100.0))?;
        for (bins, colour) in [(&impostor, IMPOSTOR), (&genuine, GENUINE)] {
            chart.draw_series(AreaSeries::new(steps(bins), 0.0, colour.mix(0.25)).border_style(colour.stroke_width(2)))?;
        }
        let at = f64::from(tau);
        chart.draw_series(DashedLineSeries::new([(at, 0.0), (at, top)], 6, 4, TAU.stroke_width(2)))?;
        Ok(())
    })
}

/// K to rates, both logarithmic. Rates of zero have no place on such a scale; their bounds do.
pub fn by_k(lines: &[Line]) -> Result<String, EvaluateError> {
    let shown = || lines.iter().flat_map(|l| l.points.iter().chain(&l.bounds)).filter(|(_, y)| *y > 0.0);
    let most = lines.iter().flat_map(|l| &l.points).map(|(k, _)| *k).fold(10.0, f64::max);
    let least = shown().map(|(_, y)| *y).fold(0.1, f64::min);
    draw(SIZE, |area| {
        let (x, y) = ((0.8..most * 1.25).log_scale(), (left(least)..1.0).log_scale());
        let mut chart = chart(area, x, y, ["K, templates", "FPIR"], &|k| format!("{k:.0}"), &small)?;
        for line in lines {
            let points: Vec<(f64, f64)> = line.points.iter().copied().filter(|(_, y)| *y > 0.0).collect();
            let colour = line.kind.colour();
            if line.is_dashed {
                chart.draw_series(DashedLineSeries::new(points, 5, 4, colour.stroke_width(1)))?;
            } else {
                chart.draw_series(LineSeries::new(points.clone(), colour.stroke_width(2)))?;
                chart.draw_series(points.into_iter().map(|p| Circle::new(p, 4, colour.filled())))?;
                chart.draw_series(line.bounds.iter().map(|p| Circle::new(*p, 4, colour.stroke_width(2))))?;
            }
        }
        Ok(())
    })
}

type Area<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;
type Failed = DrawingAreaErrorKind<std::io::Error>;
type Chart<'a, X, Y> = ChartContext<'a, SVGBackend<'a>, Cartesian2d<X, Y>>;

/// The next power of ten at or below a rate.
fn left(least: f64) -> f64 {
    10f64.powf(least.max(1e-9).log10().floor()).min(0.1)
}

/// The curve from `least` on; what lies left of it is drawn at its edge.
fn visible(points: &[(f64, f64)], least: f64) -> Vec<(f64, f64)> {
    points.iter().map(|(x, y)| (x.max(left(least)), *y)).collect()
}

/// 0.001 as it is, and in a power below that.
fn small(value: &f64) -> String {
    if *value >= 0.000_99 { format!("{value}") } else { format!("{value:e}") }
}

fn chart<'a, X, Y>(
    area: &Area<'a>,
    x: X,
    y: Y,
    names: [&str; 2],
    x_label: &dyn Fn(&f64) -> String,
    y_label: &dyn Fn(&f64) -> String,
) -> Result<Chart<'a, X::CoordDescType, Y::CoordDescType>, Failed>
where
    X: AsRangedCoord<Value = f64>,
    Y: AsRangedCoord<Value = f64>,
    X::CoordDescType: Ranged<ValueType = f64> + ValueFormatter<f64>,
    Y::CoordDescType: Ranged<ValueType = f64> + ValueFormatter<f64>,
{
    let mut chart =
        ChartBuilder::on(area).margin(8).margin_right(18).x_label_area_size(44).y_label_area_size(62).build_cartesian_2d(x, y)?;
    let text = |colour: &'static RGBColor| TextStyle::from(("sans-serif", TEXT)).color(colour);
    chart
        .configure_mesh()
        .x_labels(7)
        .y_labels(6)
        .light_line_style(TRANSPARENT)
        .bold_line_style(GRID)
        .axis_style(FAINT)
        .label_style(text(&FAINT))
        .axis_desc_style(text(&INK))
        .x_desc(names[0])
        .y_desc(names[1])
        .x_label_formatter(&x_label)
        .y_label_formatter(&y_label)
        .draw()?;
    Ok(chart)
}

/// Draws, and puts the page's colours in the place of the marks.
fn draw(size: (u32, u32), paint: impl FnOnce(&Area<'_>) -> Result<(), Failed>) -> Result<String, EvaluateError> {
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        paint(&area).and_then(|()| area.present()).map_err(|e| EvaluateError::Drawing(e.to_string()))?;
    }
    let names =
        [("010101", "ink"), ("020202", "line"), ("030303", "genuine"), ("040404", "impostor"), ("050505", "tau"), ("060606", "faint")];
    for (mark, name) in names {
        svg = svg.replace(&format!("\"#{mark}\""), &format!("\"var(--{name})\""));
    }
    let (width, height) = size;
    Ok(svg.replacen(&format!("width=\"{width}\" height=\"{height}\" "), "", 1))
}
