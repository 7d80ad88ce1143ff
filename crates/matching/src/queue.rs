//! Where an order stands in its queue after a recorded level changed.

use model::Quantity;

use crate::config::QueueModel;

/// Binary digits of a quantity that enter a power, so that its third power fits into 128 bits.
const DIGITS: u32 = 40;

/// What stands before an order after its level went from `before` to `after`.
///
/// `traded` is what trades took from the level since its last change: it shortened the queue already.
pub(crate) fn ahead_after(
    model: QueueModel,
    ahead: Quantity,
    before: Quantity,
    after: Quantity,
    traded: Quantity,
) -> Quantity {
    let gone = before.raw().saturating_sub(after.raw()).saturating_sub(traded.raw());
    let QueueModel::Probabilistic { power } = model else { return ahead.min(after) };
    if gone <= 0 || after.is_zero() {
        return ahead.min(after);
    }
    let (front, back) = (ahead.raw().max(0), before.raw().saturating_sub(ahead.raw()).max(0));
    let (numerator, denominator) = share_behind(front, back, power);
    // Of what went, this part stood behind the order, as far as there was so much.
    let behind = i128::from(gone) * numerator / denominator;
    let behind = i64::try_from(behind).unwrap_or(i64::MAX).min(back);
    let moved = gone.saturating_sub(behind);
    Quantity::from_raw(front.saturating_sub(moved).max(0)).min(after)
}

/// `back^n / (back^n + front^n)` as a fraction of whole numbers below `2^64`.
fn share_behind(front: i64, back: i64, power: u32) -> (i128, i128) {
    let size = 64 - front.max(back).leading_zeros();
    let shift = size.saturating_sub(DIGITS);
    let raise = |value: i64| i128::from(value >> shift).pow(power);
    let (front, back) = (raise(front), raise(back));
    let sum = front + back;
    if sum == 0 {
        return (1, 1);
    }
    // The product with a quantity must fit.
    let spare = (128 - sum.leading_zeros()).saturating_sub(62);
    (back >> spare, (sum >> spare).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(model: QueueModel, [ahead, before, after, traded]: [i64; 4], expected: i64) {
        let [ahead, before, after, traded] = [ahead, before, after, traded].map(Quantity::from_raw);
        let found = ahead_after(model, ahead, before, after, traded);
        assert_eq!(found.raw(), expected, "{model:?} {ahead} {before} {after} {traded}");
    }

    #[test]
    fn a_careful_order_moves_only_when_it_must() {
        let model = QueueModel::RiskAverse;
        check(model, [60, 100, 80, 0], 60);
        check(model, [60, 100, 40, 0], 40);
        check(model, [60, 100, 120, 0], 60);
    }

    /// hftbacktest: `front - (1 - p) * gone + min(back - p * gone, 0)`, at most the level.
    #[test]
    fn a_hopeful_order_moves_by_its_share_of_what_went() {
        // p = 40 / 100: of 20 that went, 12 stood before the order.
        check(QueueModel::Probabilistic { power: 1 }, [60, 100, 80, 0], 48);
        // p = 1600 / 5200: 6 behind (6.15), 14 before.
        check(QueueModel::Probabilistic { power: 2 }, [60, 100, 80, 0], 46);
        // p = 64000 / 280000: 4 behind (4.57), 16 before.
        check(QueueModel::Probabilistic { power: 3 }, [60, 100, 80, 0], 44);
        // What trades took has shortened the queue before.
        check(QueueModel::Probabilistic { power: 1 }, [60, 100, 80, 20], 60);
        check(QueueModel::Probabilistic { power: 1 }, [60, 100, 120, 0], 60);
        // Nobody stands behind: all of it was before.
        check(QueueModel::Probabilistic { power: 3 }, [100, 100, 30, 0], 30);
        check(QueueModel::Probabilistic { power: 3 }, [0, 100, 30, 0], 0);
    }

    #[test]
    fn the_largest_quantities_do_not_overflow() {
        let max = i64::MAX;
        check(QueueModel::Probabilistic { power: 3 }, [max, max, 1, 0], 1);
        let [ahead, before] = [max / 2, max].map(Quantity::from_raw);
        let model = QueueModel::Probabilistic { power: 3 };
        let found = ahead_after(model, ahead, before, ahead, Quantity::ZERO);
        // Half of what went stood before, to the precision of the power.
        assert!(found.raw().abs_diff(max / 4) < 1 << 24, "{found}");
    }
}
