//! An organisation's directory: the one place where its agents, trunks, keys and webhook secrets
//! change.
//!
//! Requests are served from copies (KV) and decided in the trunks' objects; the directory orders
//! the writes, makes them unique, keeps the audit log, and owes the copies: what must still be
//! written elsewhere is part of its own rows, so a crash or a failure in between loses nothing.

mod agents;
mod answered;
mod asking;
mod audit;
mod command;
mod copies;
mod decide;
mod desk;
mod keys;
mod media;
mod numbers;
mod orgs;
mod permits;
mod propagation;
mod receiver;
mod secrets;
mod serve;
mod state;
mod store;
mod test_events;
mod trunk_copies;
mod trunks;
mod vec_map;
mod watch;

pub use agents::GetAgent;
pub use answered::{Answered, Once, render};
pub use audit::{AuditEntry, ListAudit};
pub use command::{AgentsAfter, Ask, DirectoryCommand, DirectoryRefusal, DirectoryReply, NewKey};
pub use keys::ListKeys;
pub use media::GetMedia;
pub use permits::{Permit, RELIED_ON};
pub use receiver::Received;
pub use secrets::GetSecrets;
pub use serve::DirectoryActor;
pub use state::{Directory, Rows};
pub use store::{DirectoryStore, RecordWriter};
pub use trunks::GetTrunk;
pub use vec_map::VecMap;
pub use watch::Watched;
