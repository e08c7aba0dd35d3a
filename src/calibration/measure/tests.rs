use super::*;
use crate::calibration::{Table, fpir};
use crate::units::{Digest, FalseEntries, Tau};

/// Random unit vectors: what an encoder that knows nothing would say of strangers.
fn crowd(name: &str, people: usize, pull: f64, seed: u64) -> Strangers {
    let mut random = SplitMix(seed);
    let mut normal = move || (0..12).map(|_| random.next() as f64 / u64::MAX as f64).sum::<f64>() - 6.0;
    let faces = (0..people).map(|who| {
        let numbers: Vec<f32> = (0..32).map(|at| (normal() + if at == 0 { pull } else { 0.0 }) as f32).collect();
        (who, Embedding::normalised(&numbers).unwrap())
    });
    Strangers { name: name.into(), faces: faces.collect() }
}

fn table(measured: &Measured) -> Table {
    let group = &measured.groups[measured.worst];
    Table::new(measured.points.clone(), Table::about(Digest([0; 32]), "e", &group.name, group.people, group.comparisons, 1.0)).unwrap()
}

#[test]
fn the_worst_group_counts_and_a_small_one_does_not() {
    let groups = [crowd("far apart", 150, 0.0, 1), crowd("alike", 150, 3.0, 2), crowd("few", 99, 9.0, 3)];
    let measured = measure(&groups, &Metric::Cosine).unwrap();
    assert_eq!(measured.groups[measured.worst].name, "alike");
    assert_eq!(measured.groups.iter().map(|g| (g.people, g.comparisons)).collect::<Vec<_>>(), [(150, 11_175); 2]);
    assert_eq!(measured.too_small, [("few".to_owned(), 99)]);
    assert!(measured.groups[1].tau > measured.groups[0].tau + 0.05);
    assert!(measured.groups.iter().all(|g| (110..=120).contains(&g.fitted) && g.distance < 0.15), "{:?}", measured.groups);
    assert_eq!(measure(&groups, &Metric::Cosine), Ok(measured), "the same again");
    assert_eq!(measure(&groups[2..], &Metric::Cosine), Err(TooFew { largest: ("few".into(), 99) }));
    assert!(measure(&[], &Metric::Cosine).is_err());
}

#[test]
fn pictures_of_one_person_are_no_strangers() {
    let mut strangers = crowd("everybody", 120, 0.0, 4);
    let again: Vec<_> = strangers.faces[..50].to_vec();
    strangers.faces.extend(again);
    let measured = measure(&[strangers], &Metric::Cosine).unwrap();
    assert_eq!(measured.groups[0].people, 120);
    assert_eq!(measured.groups[0].comparisons, 170 * 169 / 2 - 50);
    assert!(measured.groups[0].tail.similarity(1e-4) < 0.95, "a picture twice would be alike to itself by 1");
}

#[test]
fn a_table_reaches_ten_times_beyond_what_was_seen() {
    let measured = measure(&[crowd("everybody", 150, 0.0, 5)], &Metric::Cosine).unwrap();
    let least = table(&measured).least_fmr();
    assert!((8.9e-6..=2.0e-5).contains(&least), "{least}");
    assert!(measured.points.iter().all(|p| p.low <= p.tau && p.tau <= p.high && p.high - p.low < 0.5));
    let (first, last) = (measured.points.first().unwrap(), measured.points.last().unwrap());
    assert!(last.high - last.low > first.high - first.low, "the further out the less is known");
}

#[test]
fn what_the_table_says_holds_for_strangers_that_it_never_saw() {
    let t = table(&measure(&[crowd("everybody", 1000, 0.0, 6)], &Metric::Cosine).unwrap());
    let others = crowd("everybody", 1500, 0.0, 7);
    for fmr in [1e-2, 1e-3, 1e-4] {
        let tau = t.tau(fmr).unwrap();
        let mut passed = 0u64;
        for (at, (_, a)) in others.faces.iter().enumerate() {
            passed += others.faces[..at].iter().filter(|(_, b)| a.similarity(b).reaches(tau)).count() as u64;
        }
        let share = passed as f64 / (1500.0 * 1499.0 / 2.0);
        assert!((0.5..2.0).contains(&(share / fmr)), "{fmr}: {share}");
    }
}

/// The largest of `k` draws of a logistic distribution, by its quantile function: what a search through k templates finds for a stranger.
fn best_of(k: usize, random: &mut SplitMix) -> f64 {
    let u = ((random.next() >> 11) as f64 + 0.5) / (1u64 << 53) as f64;
    let ln_u = u.ln() / k as f64;
    SPREAD * (ln_u - (-ln_u.exp_m1()).ln())
}

/// The spread of strangers' similarities in [`best_of`].
const SPREAD: f64 = 0.025;

/// A table measured on draws, and the steps by which its tau may be off: the greatest and the least of many draws of the sample anew.
fn drawn_table(draws: usize, random: &mut SplitMix) -> (Table, Vec<Tail>) {
    let mut scores: Vec<f64> = (0..draws).map(|_| best_of(1, random)).collect();
    scores.sort_by(f64::total_cmp);
    let above = scores[draws - draws / 100 - 1];
    let fit = |weight: &mut dyn FnMut() -> f64| {
        let top: Vec<(f64, f64)> = scores.iter().filter(|s| **s > above).map(|s| (s - above, weight())).collect();
        Tail::fit(&top, above, top.iter().map(|(_, w)| w).sum::<f64>() / draws as f64).unwrap()
    };
    let tail = fit(&mut || 1.0);
    let anew = (0..100).map(|_| fit(&mut || -((random.next() as f64 + 0.5) / u64::MAX as f64).ln())).collect();
    let points = rates(draws as u64).filter(|fmr| *fmr <= tail.share).map(|fmr| {
        let tau = tail.similarity(fmr);
        Point { fmr, tau, low: tau, high: tau }
    });
    (Table::new(points.collect(), Table::about(Digest([0; 32]), "e", "draws", 1000, draws as u64, 1.0)).unwrap(), anew)
}

#[test]
fn the_wish_is_kept_from_one_template_to_five_thousand() {
    let wish = FalseEntries::once_in(500).unwrap();
    let visits = 20_000;
    for seed in 10..13 {
        let mut random = SplitMix(seed);
        let (t, anew) = drawn_table(500_000, &mut random);
        for k in [1, 2, 5, 10, 50, 100, 500, 1000, 5000] {
            let fmr = t.fmr_for(wish, k);
            assert!((fpir(k, fmr) - wish.share()).abs() < 1e-9, "the formula");
            let tau = f64::from(t.tau(fmr).unwrap_or(Tau(f32::NAN)).0);
            let entered = (0..visits).filter(|_| best_of(k, &mut random) >= tau).count() as f64;
            // How far off the wish the fit may be: what the true rate is at the taus that samples drawn anew give for this FMR.
            let off: Vec<f64> = anew.iter().map(|tail| fpir(k, tail.fmr(tau).max(1e-12))).collect();
            let (low, high) = (off.iter().copied().fold(1.0, f64::min), off.iter().copied().fold(0.0, f64::max));
            let chance = |p: f64| 4.0 * (p / f64::from(visits)).sqrt();
            let share = entered / f64::from(visits);
            assert!(
                (low.min(wish.share()) - chance(wish.share())..=high.max(wish.share()) + chance(high)).contains(&share),
                "seed {seed}, K {k}: {share} of the visits entered, {low} to {high} allowed, tau {tau}"
            );
            assert!(share < 4.0 * wish.share(), "seed {seed}, K {k}: {share}");
        }
    }
}
