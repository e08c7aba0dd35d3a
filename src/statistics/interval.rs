//! How sure a rate is that was counted: Clopper and Pearson's interval ("The use of confidence or fiducial limits illustrated in the case
//! of the binomial", Biometrika 26, 1934), and the rule of three for zero of n (Jovanovic and Levy, Am. Stat. 51, 1997).

use serde::Serialize;
use statrs::function::beta::inv_beta_reg;

/// So many of so many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Share {
    /// How often it happened.
    pub hits: u64,
    /// How often it could have.
    pub n: u64,
}

impl Share {
    /// `hits` of `n`.
    pub fn of(hits: usize, n: usize) -> Share {
        Share { hits: hits as u64, n: n as u64 }
    }

    /// Counts those for which it holds.
    pub fn count<T>(all: impl IntoIterator<Item = T>, holds: impl Fn(T) -> bool) -> Share {
        all.into_iter().fold(Share::default(), |s, item| Share { hits: s.hits + u64::from(holds(item)), n: s.n + 1 })
    }

    /// One more, and whether it happened.
    pub fn note(&mut self, happened: bool) {
        self.n += 1;
        self.hits += u64::from(happened);
    }

    /// The rate, 0 to 1; None of none.
    pub fn rate(&self) -> Option<f64> {
        (self.n > 0).then(|| self.hits as f64 / self.n as f64)
    }

    /// The exact interval of 95 %; None of none.
    pub fn interval95(&self) -> Option<[f64; 2]> {
        (self.n > 0).then(|| clopper_pearson(self.hits as f64, self.n as f64, 0.95))
    }

    /// The interval where only so many trials were independent of each other; None of none.
    pub fn interval95_of(&self, trials: u64) -> Option<[f64; 2]> {
        let n = trials as f64;
        self.rate().map(|rate| clopper_pearson(rate * n, n, 0.95))
    }
}

impl std::ops::Add for Share {
    type Output = Share;

    fn add(self, other: Share) -> Share {
        Share { hits: self.hits + other.hits, n: self.n + other.n }
    }
}

impl std::iter::Sum for Share {
    fn sum<I: Iterator<Item = Share>>(all: I) -> Share {
        all.fold(Share::default(), |a, b| a + b)
    }
}

impl std::fmt::Display for Share {
    /// For people: "1.23 % (37 of 3000; 0.87 to 1.69 %)"; zero of n as "at most 0.1 % (0 of 3000)", by the rule of three.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (Some(rate), Some([low, high])) = (self.rate(), self.interval95()) else { return f.write_str("none measured") };
        let percent = |v: f64| percent(v * 100.0);
        if self.hits == 0 {
            return write!(f, "at most {} % (0 of {})", percent(rule_of_three(self.n)), self.n);
        }
        write!(f, "{} % ({} of {}; {} to {} %)", percent(rate), self.hits, self.n, percent(low), percent(high))
    }
}

/// Two figures behind the first that isn't zero, and at most two behind the point from 1 on.
fn percent(value: f64) -> String {
    if value == 0.0 || value >= 1.0 {
        return format!("{value:.2}");
    }
    let places = 1 - value.log10().floor() as i32;
    format!("{value:.*}", places.clamp(2, 9) as usize)
}

impl Serialize for Share {
    /// `{"rate", "hits", "n", "interval95": [low, high]}`; rate and interval null where n is 0. For zero of n also `"at_most"`, 3/n.
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeMap;
        let mut map = to.serialize_map(None)?;
        map.serialize_entry("rate", &self.rate())?;
        map.serialize_entry("hits", &self.hits)?;
        map.serialize_entry("n", &self.n)?;
        map.serialize_entry("interval95", &self.interval95())?;
        if self.hits == 0 && self.n > 0 {
            map.serialize_entry("at_most", &rule_of_three(self.n))?;
        }
        map.end()
    }
}

/// The interval that covers the true rate with this confidence or more, when it was seen `hits` of `n` times: quantiles of the beta
/// distribution. `hits` needn't be whole (a mean count over repetitions); it is taken as 0 to `n`. The whole range where n is 0.
pub fn clopper_pearson(hits: f64, n: f64, confidence: f64) -> [f64; 2] {
    if n.is_nan() || n <= 0.0 || hits.is_nan() {
        return [0.0, 1.0];
    }
    let hits = hits.clamp(0.0, n);
    let tail = (1.0 - confidence.clamp(0.0, 1.0)) / 2.0;
    let low = if hits == 0.0 { 0.0 } else { quantile(hits, n - hits + 1.0, tail) };
    let high = if hits == n { 1.0 } else { quantile(hits + 1.0, n - hits, 1.0 - tail) };
    [low, high]
}

/// Where the beta distribution has so much below it. Two edges have a closed form; the library's answer is made exact by bisection,
/// because its own stops early in the far tails.
fn quantile(a: f64, b: f64, p: f64) -> f64 {
    if a == 1.0 {
        return -((1.0 - p).ln() / b).exp_m1();
    }
    if b == 1.0 {
        return (p.ln() / a).exp();
    }
    let guess = inv_beta_reg(a, b, p);
    let below = |x: f64| statrs::function::beta::beta_reg(a, b, x) < p;
    let (mut low, mut high) = ((guess * 0.99).max(0.0), (guess * 1.01).min(1.0));
    if !guess.is_finite() || !below(low) || below(high) {
        (low, high) = (0.0, 1.0);
    }
    for _ in 0..200 {
        let middle = 0.5 * (low + high);
        if middle <= low || middle >= high {
            break;
        }
        if below(middle) { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

/// What a rate is at most, with 95 % confidence, when it was seen zero of `n` times; 1 where n is less than 3.
pub fn rule_of_three(n: u64) -> f64 {
    if n < 3 { 1.0 } else { 3.0 / n as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// `scipy.stats.binomtest(k, n).proportion_ci(0.95, "exact")` of SciPy 1.17.1.
    const KNOWN: [(f64, f64, f64, f64); 9] = [
        (0.0, 3000.0, 0.0, 0.0012288708038255115),
        (1.0, 3000.0, 8.439233717563405e-06, 0.001855799994491922),
        (37.0, 3000.0, 0.008698265855914393, 0.016960154846220397),
        (5.0, 10.0, 0.18708602844739855, 0.8129139715526015),
        (10.0, 10.0, 0.6915028921812392, 1.0),
        (3.0, 1500.0, 0.00041263814290064927, 0.005833621858616864),
        (120.0, 7000000.0, 1.421315203744245e-05, 2.049862065798797e-05),
        (999.0, 1000.0, 0.9944410757201734, 0.9999746825125088),
        (2.0, 5.0, 0.052744950526316906, 0.8533672003653268),
    ];

    #[test]
    fn intervals_are_those_of_scipy() {
        for (hits, n, low, high) in KNOWN {
            let found = clopper_pearson(hits, n, 0.95);
            assert!((found[0] - low).abs() < 1e-10 && (found[1] - high).abs() < 1e-10, "{hits} of {n}: {found:?}, not {low} {high}");
        }
    }

    #[test]
    fn zero_of_n_is_at_most_three_of_n() {
        assert_eq!(Share::of(0, 3000).to_string(), "at most 0.10 % (0 of 3000)");
        assert_eq!(Share::of(0, 2).to_string(), "at most 100.00 % (0 of 2)");
        assert_eq!(Share::default().to_string(), "none measured");
        assert_eq!(serde_json::to_value(Share::of(0, 300)).unwrap()["at_most"], 0.01);
        assert!(serde_json::to_value(Share::of(1, 300)).unwrap().get("at_most").is_none());
    }

    #[test]
    fn small_rates_keep_their_figures() {
        assert_eq!(percent(0.0123), "0.012");
        assert_eq!(percent(12.345), "12.35");
        assert_eq!(percent(0.00012), "0.00012");
    }

    proptest! {
        #[test]
        fn an_interval_holds_the_rate_and_narrows_with_n(hits in 0u32..200, more in 0u32..200) {
            let n = f64::from(hits + more + 1);
            let [low, high] = clopper_pearson(f64::from(hits), n, 0.95);
            let rate = f64::from(hits) / n;
            prop_assert!((0.0..=rate).contains(&low) && (rate..=1.0).contains(&high), "{low} {rate} {high}");
            let [low4, high4] = clopper_pearson(4.0 * f64::from(hits), 4.0 * n, 0.95);
            prop_assert!(high4 - low4 <= high - low);
        }
    }
}
