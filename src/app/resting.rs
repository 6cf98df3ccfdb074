//! What a campaign asks of others: of its trunk, or of the directory, which must hear that it rests. Separate from both, since
//! neither may depend on the other.

use crate::app::campaign::{Exchange, Heard};
use crate::app::directory::{self, By, Directories, command::RestCampaign};
use crate::app::host::Host;
use crate::app::trunk::Trunks;

/// Asks it.
pub async fn ask(world: &(impl Host + Trunks + Directories), exchange: &Exchange) -> Heard {
    let heard = match exchange {
        Exchange::Rest {
            org,
            campaign,
            mark,
        } => {
            let rest = RestCampaign(*campaign, *mark);
            // Whatever it answers, it has heard.
            let told = directory::ask(world, *org, By::PLATFORM, rest).await;
            told.map(|_| Heard::Rested(*mark))
        }
        exchange => exchange.ask(world).await,
    };
    heard.unwrap_or(Heard::Nothing)
}
