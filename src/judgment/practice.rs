//! What a clause is about: the categories of privacy and terms practice.

/// A category of practice. Ids as in the command-line contract; after OPP-115
/// (Wilson et al. 2016), GDPR Art. 13 and 14, and CLAUDETTE's unfair terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)]
pub enum Practice {
    DataCollection,
    PurposesLegalBasis,
    SharingSale,
    AiAutomated,
    TrackingAds,
    Retention,
    RightsChoices,
    InternationalTransfer,
    Children,
    SecurityBreach,
    ControllerContact,
    ChangeProcess,
    DisputesLaw,
    Liability,
    FeesRenewal,
    Termination,
    ContentLicenseIp,
    AcceptableUse,
}

impl Practice {
    /// All practices, with their ids in the contract and their names for people.
    pub const ALL: [(Practice, &'static str, &'static str); 18] = [
        (Practice::DataCollection, "data_collection", "data collected"),
        (Practice::PurposesLegalBasis, "purposes_legal_basis", "purposes and legal basis"),
        (Practice::SharingSale, "sharing_sale", "sharing and sale"),
        (Practice::AiAutomated, "ai_automated", "AI and automated decisions"),
        (Practice::TrackingAds, "tracking_ads", "tracking and advertising"),
        (Practice::Retention, "retention", "retention"),
        (Practice::RightsChoices, "rights_choices", "rights and choices"),
        (Practice::InternationalTransfer, "international_transfer", "international transfer"),
        (Practice::Children, "children", "children"),
        (Practice::SecurityBreach, "security_breach", "security and breaches"),
        (Practice::ControllerContact, "controller_contact", "controller and contact"),
        (Practice::ChangeProcess, "change_process", "how the policy changes"),
        (Practice::DisputesLaw, "disputes_law", "disputes and governing law"),
        (Practice::Liability, "liability", "liability"),
        (Practice::FeesRenewal, "fees_renewal", "fees and renewal"),
        (Practice::Termination, "termination", "termination"),
        (Practice::ContentLicenseIp, "content_license_ip", "content licence"),
        (Practice::AcceptableUse, "acceptable_use", "acceptable use"),
    ];

    /// Its id.
    pub fn as_str(self) -> &'static str {
        Self::ALL[self as usize].1
    }

    /// Its name for people.
    pub fn name(self) -> &'static str {
        Self::ALL[self as usize].2
    }

    /// The practice that an id names.
    pub fn parse(id: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known, _)| *known == id).map(|(practice, ..)| *practice)
    }
}
