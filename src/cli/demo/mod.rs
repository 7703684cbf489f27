//! stub
pub mod pages;
pub mod policy;
use super::{Exit, console::Console};
#[derive(Debug, clap::Args)]
pub struct Args {}
pub async fn run(_: Args, _: &Console) -> anyhow::Result<Exit> {
    todo!()
}
