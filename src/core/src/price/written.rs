//! How a price is written: earlier versions had one price for batches instead of tiers.

use super::{BTreeMap, Deserialize, Rates, Serialize, Step, Tier, Tool};

#[derive(Serialize, Deserialize)]
pub(super) struct Price {
    #[serde(flatten)]
    rates: Rates,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    fees: BTreeMap<Tool, u64>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    units: BTreeMap<String, u64>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    tiers: BTreeMap<String, Tier>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    steps: Vec<Step>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    surcharges: BTreeMap<String, u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    batch_percent: Option<u64>,
}

impl From<Price> for super::Price {
    fn from(written: Price) -> super::Price {
        let mut price = super::Price {
            rates: written.rates,
            fees: written.fees,
            units: written.units,
            tiers: written.tiers,
            steps: written.steps,
            surcharges: written.surcharges,
        };
        if price.tiers.is_empty() {
            price.set_batch_percent(written.batch_percent);
        }
        price
    }
}

impl From<super::Price> for Price {
    fn from(price: super::Price) -> Price {
        Price {
            batch_percent: price.batch_percent(),
            rates: price.rates,
            fees: price.fees,
            units: price.units,
            tiers: price.tiers,
            steps: price.steps,
            surcharges: price.surcharges,
        }
    }
}
