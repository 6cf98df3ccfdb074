//! Who is on the list, and what of them is read.

use audatec::app::campaign::{CampaignCommand, CampaignRefusal, CampaignReply};
use audatec::domain::campaign::{RecipientStatus, Status};

use super::world::{World, people, person, plan};

#[test]
fn the_same_file_again_adds_nothing() {
    let mut world = World::new(2, 2);
    let nth = world.draft(plan(), vec![]);
    let mut rows = people(1_200);
    rows.push(person("customer-7", "+14155550000"));
    let add = |world: &mut World, rows| match world.ask(nth, CampaignCommand::Add(rows)) {
        CampaignReply::Added(added) => (added.added, added.duplicates, added.too_many),
        other => panic!("{other:?}"),
    };
    assert_eq!(add(&mut world, rows.clone()), (1_200, 1, vec![]));
    assert_eq!(add(&mut world, rows), (0, 1_201, vec![]));
    let counts = world.counts(nth);
    assert_eq!((counts.total, counts.pending), (1_200, 1_200));
}

#[test]
fn pages_follow_each_other_and_tell_of_one_status() {
    let mut world = World::new(2, 2);
    let nth = world.draft(plan(), people(120));
    let mut seen = Vec::new();
    let mut after = 0;
    loop {
        let page = CampaignCommand::Recipients {
            status: Some(RecipientStatus::Pending),
            after,
            limit: 50,
        };
        let CampaignReply::Recipients(page) = world.ask(nth, page) else {
            panic!("a page")
        };
        seen.extend(page.recipients.into_iter().map(|one| one.reference));
        match page.next {
            Some(next) => after = next,
            None => break,
        }
    }
    let all: Vec<_> = people(120).into_iter().map(|one| one.reference).collect();
    assert_eq!(seen, all);
    world.shown(nth, CampaignCommand::Cancel { hang_up: false });
    let page = |status| CampaignCommand::Recipients {
        status: Some(status),
        after: 0,
        limit: 200,
    };
    for (status, many) in [
        (RecipientStatus::Canceled, 120),
        (RecipientStatus::Pending, 0),
    ] {
        match world.ask(nth, page(status)) {
            CampaignReply::Recipients(page) => assert_eq!(page.recipients.len(), many),
            other => panic!("{other:?}"),
        }
    }
    let one = world.recipient(nth, "customer-3");
    assert_eq!((one.row, one.status), (4, RecipientStatus::Canceled));
    assert!(one.metadata.is_some());
    let refused = world.refused(nth, CampaignCommand::Add(people(1)));
    assert_eq!(refused, CampaignRefusal::Is(Status::Canceled));
}
