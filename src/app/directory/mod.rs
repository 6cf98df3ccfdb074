//! stub
use serde::{Deserialize, Serialize};
/// stub
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum DirectoryCommand {}
/// stub
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum DirectoryReply {}
