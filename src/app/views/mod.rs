//! What clients see of calls, deliveries and what is managed: below whatever shows it, the objects among them.

pub mod call;
pub mod campaign;
pub mod delivery;
pub mod erasure;
pub mod export;
pub mod keys;
pub mod limits;
pub mod manage;
pub mod number;
pub mod orgs;
