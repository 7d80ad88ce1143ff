use std::time::Duration;

use model::audit::BreakerState;
use platform::Entropy;

use super::*;
use crate::testing::Trail;

fn build(registry: &BreakerRegistry, class: &str) -> Result<Arc<Breaker>, RegistryError> {
    let auditor = Auditor::new(Arc::new(Trail::default()));
    let entropy = Entropy::from_seed(1).stream("breaker");
    registry.build("kraken", class, BreakerConfig::default(), auditor, entropy)
}

#[test]
fn breakers_are_found_by_venue_and_class_and_come_in_the_order_of_their_names() {
    let registry = BreakerRegistry::new();
    let [read, cancel, order] = ["read", "cancel", "order"].map(|class| build(&registry, class));
    let (read, _others) = (read.unwrap(), (cancel.unwrap(), order.unwrap()));
    assert!(Arc::ptr_eq(&registry.get("kraken", "read").unwrap(), &read));
    assert!(Arc::ptr_eq(&registry.named("kraken/read").unwrap(), &read));
    assert!(registry.get("binance", "read").is_none());
    read.force_open(Duration::from_secs(1), "banned");
    let shown: Vec<_> = registry
        .snapshots()
        .iter()
        .map(|snapshot| format!("{} {}", snapshot.breaker, snapshot.state))
        .collect();
    assert_eq!(shown, ["kraken/cancel CLOSED", "kraken/order CLOSED", "kraken/read OPEN"]);
}

#[test]
fn a_name_belongs_to_one_living_breaker() {
    let registry = BreakerRegistry::new();
    let first = build(&registry, "read").unwrap();
    let taken = RegistryError::Taken(BreakerName::new("kraken/read").unwrap());
    assert_eq!(build(&registry, "read").unwrap_err(), taken);
    drop(first);
    assert!(registry.get("kraken", "read").is_none());
    assert!(registry.breakers().is_empty());
    let second = build(&registry, "read").unwrap();
    assert_eq!(registry.breakers().len(), 1);
    assert_eq!(second.snapshot().state, BreakerState::Closed);
}

#[test]
fn what_cannot_be_registered_is_an_error() {
    let registry = BreakerRegistry::new();
    let bare = Arc::new(Breaker::new(BreakerConfig::default()).unwrap());
    assert_eq!(registry.register(&bare), Err(RegistryError::Nameless));
    let long = BreakerConfigError::TooLarge("name").into();
    assert_eq!(build(&registry, &"n".repeat(40)).unwrap_err(), long);
    let breakers: Vec<_> =
        (0..BREAKERS_MAX).map(|number| build(&registry, &number.to_string()).unwrap()).collect();
    assert_eq!(build(&registry, "one too many").unwrap_err(), RegistryError::Full);
    drop(breakers);
    assert!(build(&registry, "there is room again").is_ok());
}
