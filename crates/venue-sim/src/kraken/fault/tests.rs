use super::*;

fn status(executed: bool) -> ProtocolFault {
    let fault = RestFault::Status { status: 503, retry_after: None, executed };
    ProtocolFault::Rest { fault, methods: Vec::new() }
}

#[test]
fn the_strongest_fault_that_is_on_strikes_and_is_counted() {
    let faults = FaultSwitches::new(&Entropy::from_seed(1));
    let strike = |method| faults.strike_rest(method).map(|strike| strike.fault);
    assert_eq!(strike("Time"), None);
    faults.switch_on(1, status(true));
    assert_eq!(strike("Time"), Some(1));
    faults.switch_on(7, status(false));
    faults.switch_on(8, status(false));
    assert_eq!(strike("Time"), Some(7));
    let over = faults.strike_rest("Time").unwrap().over;
    faults.switch_off(7);
    assert!(over.is_cancelled());
    assert_eq!(strike("Time"), Some(8));
    assert_eq!([1, 7, 8, 9].map(|fault| faults.struck(fault)), [1, 2, 1, 0]);
}

#[test]
fn a_fault_of_some_methods_or_one_host_spares_the_others() {
    let faults = FaultSwitches::new(&Entropy::from_seed(1));
    let fault = RestFault::Hang { in_body: false, executed: true };
    faults.switch_on(0, ProtocolFault::Rest { fault, methods: vec!["AddOrder".to_owned()] });
    faults.switch_on(1, ProtocolFault::Handshake(vec![Role::PublicStream]));
    faults.switch_on(2, ProtocolFault::Subscribed(vec![Role::PrivateStream]));
    assert!(faults.strike_rest("CancelOrder").is_none());
    assert!(faults.strike_rest("AddOrder").is_some());
    assert!(faults.strike_handshake(Role::PrivateStream).is_none());
    assert!(faults.strike_session(Role::PublicStream).is_none());
    assert_eq!(faults.strike_handshake(Role::PublicStream).map(|strike| strike.fault), Some(1));
    assert_eq!(faults.strike_session(Role::PrivateStream).map(|strike| strike.fault), Some(2));
}
