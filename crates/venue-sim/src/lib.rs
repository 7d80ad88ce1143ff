//! venue-sim
