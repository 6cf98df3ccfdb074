//! What campaigns' objects are asked, and what they answer.

use audatec::app::campaign::{
    Added, CampaignCommand, CampaignRefusal, CampaignReply, EraseRecipients, ErasedRecipients,
    People, Recipient, RecipientPage, Shown, Snapshot, Ticked,
};
use audatec::domain::call::{AnsweredBy, CallAgent, CallStatus, Failure, FailureCode};
use audatec::domain::calling_hours::ZoneName;
use audatec::domain::campaign::handover::{Ended, GivenBack};
use audatec::domain::campaign::{
    Attempt, Campaign, Counts, HeldBy, NewRecipient, Plan, RecipientStatus, Status,
};
use audatec::domain::contacts::Number;
use audatec::domain::ids::CampaignId;
use audatec::domain::phone::E164;
use audatec::domain::redial::{Cause, Redial};
use audatec::domain::time::Span;

use super::plan::bare_plan;
use super::support::{START, agent, api_key, org};
use super::{OK, call, delivery, result, trunk};

fn phone() -> E164 {
    E164::parse(OK).expect("a number")
}

fn zone() -> Option<ZoneName> {
    ZoneName::parse("Asia/Kolkata")
}

fn plan() -> Plan {
    Plan {
        callback_url: Some("https://example.com/hook".into()),
        completion_url: Some("https://example.com/over".into()),
        not_before: Some(START),
        not_after: Some(START + Span::from_secs(86_400)),
        redial: Some(Redial {
            max_attempts: 3,
            on: vec![Cause::Busy, Cause::Voicemail],
            wait_seconds: vec![60, 600],
        }),
        max_channels: Some(5),
        max_cps: Some(2),
        ..bare_plan(agent(), trunk())
    }
}

fn campaign(plan: Plan, status: Status) -> Campaign {
    let began = status != Status::Draft;
    Campaign {
        id: CampaignId::from_entropy([9; 16]),
        org: org(),
        plan,
        status,
        counts: Counts {
            total: 6,
            pending: 1,
            in_progress: 1,
            waiting: 1,
            completed: 1,
            unreached: 1,
            suppressed: 1,
            ..Counts::default()
        },
        started_by: began.then(api_key),
        created_at: START,
        started_at: began.then_some(START + Span(1)),
        ended_at: (status == Status::Completed).then_some(START + Span(2)),
    }
}

/// One that was just created.
pub fn draft() -> Campaign {
    campaign(bare_plan(agent(), trunk()), Status::Draft)
}

fn new_recipient() -> NewRecipient {
    NewRecipient {
        reference: OK.into(),
        phone: phone(),
        time_zone: None,
        metadata: None,
    }
}

fn ended() -> Ended {
    Ended {
        status: CallStatus::SipCallFailed,
        failure: Some(Failure::sip(486)),
        dialed_at: Some(START + Span(1)),
        ended_at: START + Span(2),
        answered_by: None,
        was_answered: false,
        disposition: None,
        duration_secs: None,
        given_back: None,
    }
}

pub fn commands() -> Vec<(&'static str, CampaignCommand)> {
    use CampaignCommand as Ask;
    let answered = Ended {
        status: CallStatus::Completed,
        failure: None,
        answered_by: Some(AnsweredBy::Human),
        was_answered: true,
        disposition: Some("interested".into()),
        duration_secs: Some(97),
        ..ended()
    };
    let back = |given_back| Ended {
        status: CallStatus::TriggerFailed,
        failure: Some(Failure::of(FailureCode::WindowClosed)),
        dialed_at: None,
        given_back: Some(given_back),
        ..ended()
    };
    let told = [
        ended(),
        answered,
        back(GivenBack::TakenBack),
        back(GivenBack::Closed(Some(START))),
        back(GivenBack::Limited(None)),
    ];
    let known = NewRecipient {
        reference: "customer-1".into(),
        time_zone: zone(),
        metadata: Some(r#"{"customer_name":"Rahul Sharma"}"#.into()),
        ..new_recipient()
    };
    let talker = CallAgent {
        id: agent(),
        code: "emi-reminder-v2".into(),
        fields: vec!["customer_name".into()],
    };
    let left = Some(Snapshot {
        left: Some(true),
        ..snapshot()
    });
    let snapshot = Some(snapshot());
    vec![
        (
            "Create",
            Ask::Create(Box::new(campaign(plan(), Status::Draft))),
        ),
        (
            "Create.bare",
            Ask::Create(Box::new(campaign(
                bare_plan(agent(), trunk()),
                Status::Draft,
            ))),
        ),
        ("Get", Ask::Get),
        (
            "Save",
            Ask::Save {
                plan: Box::new(plan()),
                was: Box::new(bare_plan(agent(), trunk())),
            },
        ),
        (
            "Start",
            Ask::Start {
                key: api_key(),
                agent: Box::new(talker),
                mark: 17,
            },
        ),
        ("Pause", Ask::Pause),
        ("RevokeKey", Ask::RevokeKey(api_key())),
        ("Cancel", Ask::Cancel { hang_up: true }),
        ("Delete", Ask::Delete),
        ("Add", Ask::Add(vec![new_recipient(), known])),
        ("Recipients", recipients(None)),
        (
            "Recipients.some",
            recipients(Some(RecipientStatus::InProgress)),
        ),
        ("Recipient", Ask::Recipient("customer-1".into())),
        ("Results", results(None)),
        ("Results.more", results(snapshot)),
        ("Results.left", results(left)),
        (
            "PreviewPeople",
            Ask::PreviewPeople {
                after: 0,
                limit: 500,
            },
        ),
        (
            "Erase",
            Ask::Erase(EraseRecipients {
                number: Number::of(&phone()),
                after: 7,
                gone: vec![3, 5],
            }),
        ),
        (
            "Ended",
            Ask::Ended(told.map(|told| (call(), told)).to_vec()),
        ),
        ("Ended.none", Ask::Ended(vec![])),
        ("Begin", Ask::Begin(delivery(), 1)),
        (
            "Delivered",
            Ask::Delivered(delivery(), 1, Box::new(result())),
        ),
        ("Extend", Ask::Extend(delivery(), 1, START)),
        ("Tick", Ask::Tick),
    ]
}

fn snapshot() -> Snapshot {
    Snapshot {
        at: START,
        through: 6,
        left: None,
    }
}

fn recipients(status: Option<RecipientStatus>) -> CampaignCommand {
    CampaignCommand::Recipients {
        status,
        after: 100,
        limit: 50,
    }
}

fn results(snapshot: Option<Snapshot>) -> CampaignCommand {
    CampaignCommand::Results {
        snapshot,
        after: 0,
        limit: 500,
    }
}

fn recipient() -> Recipient {
    let attempt = Attempt {
        call: Some(call()),
        at: START,
        status: Some(CallStatus::Completed),
        failure: None,
        answered_by: Some(AnsweredBy::Machine),
        disposition: Some("voicemail".into()),
        duration_secs: Some(12),
        given_back: false,
    };
    let back = Attempt {
        status: Some(CallStatus::TriggerFailed),
        failure: Some(Failure::of(FailureCode::WindowClosed)),
        answered_by: None,
        disposition: None,
        duration_secs: None,
        given_back: true,
        ..attempt.clone()
    };
    Recipient {
        row: 7,
        reference: "customer-1".into(),
        phone: phone(),
        time_zone: zone(),
        status: RecipientStatus::Waiting,
        next_attempt_at: Some(START + Span::from_secs(60)),
        attempts: vec![back, attempt],
        metadata: Some(r#"{"customer_name":"Rahul Sharma"}"#.into()),
    }
}

pub fn replies() -> Vec<(&'static str, CampaignReply)> {
    use CampaignReply as Told;
    let bare = Recipient {
        row: 8,
        reference: OK.into(),
        phone: phone(),
        time_zone: None,
        status: RecipientStatus::Pending,
        next_attempt_at: None,
        attempts: Vec::new(),
        metadata: None,
    };
    let page = RecipientPage {
        recipients: vec![recipient(), bare.clone()],
        next: Some(8),
        snapshot: snapshot(),
    };
    let people = vec![
        (phone(), zone(), RecipientStatus::Pending),
        (phone(), None, RecipientStatus::Completed),
    ];
    let shown = Shown {
        campaign: campaign(plan(), Status::Running),
        held_by: Some(HeldBy::CallingHours),
        projected_end_at: Some(START + Span::from_secs(3_600)),
    };
    let over = Shown {
        campaign: campaign(bare_plan(agent(), trunk()), Status::Completed),
        held_by: None,
        projected_end_at: None,
    };
    let added = |too_many| Added {
        added: 2,
        duplicates: 1,
        too_many,
    };
    vec![
        ("Done", Told::Done),
        ("Campaign", Told::Campaign(Box::new(shown))),
        ("Campaign.over", Told::Campaign(Box::new(over))),
        ("Added", Told::Added(added(vec![]))),
        ("Added.some", Told::Added(added(vec![3, 4]))),
        ("Recipients", Told::Recipients(Box::new(page))),
        ("Recipient", Told::Recipient(Box::new(recipient()))),
        ("Recipient.bare", Told::Recipient(Box::new(bare))),
        (
            "People",
            Told::People(Box::new(People {
                people,
                next: Some(2),
            })),
        ),
        (
            "Erased",
            Told::Erased(ErasedRecipients {
                found: vec![9],
                next: Some(5_000),
                left: Some(8),
            }),
        ),
        ("Begun", Told::Begun(true)),
        ("Missing", Told::Missing),
        (
            "Ticked",
            Told::Ticked(Ticked {
                undelivered_since: Some(START),
                lost_alarm: true,
            }),
        ),
        (
            "Refused",
            Told::Refused(CampaignRefusal::Is(Status::Completed)),
        ),
        ("Refused.Missing", Told::Refused(CampaignRefusal::Missing)),
        ("Refused.Changed", Told::Refused(CampaignRefusal::Changed)),
        (
            "Refused.NoRecipients",
            Told::Refused(CampaignRefusal::NoRecipients),
        ),
        (
            "Refused.NotTakenBack",
            Told::Refused(CampaignRefusal::NotTakenBack),
        ),
        ("NotWritten", Told::NotWritten),
    ]
}
