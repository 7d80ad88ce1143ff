//! kraken
