//! The highest known prices of a catalog: what a model costs whose own price is not known.

use super::Catalog;
use crate::price::{Kind, Price, Rates, Tier, raise_units};
use std::sync::OnceLock;

/// The highest price of a catalog, once it is asked for. It follows from the models.
#[derive(Clone, Debug, Default)]
pub struct Dearest(OnceLock<Price>);

impl PartialEq for Dearest {
    fn eq(&self, _: &Dearest) -> bool {
        true
    }
}

impl Eq for Dearest {}

impl Catalog {
    /// Of each kind of token and of each tool the highest price that any model has, in any tier, step
    /// and at any time.
    pub fn dearest(&self) -> &Price {
        self.dearest.0.get_or_init(|| {
            let mut dearest = Price::default();
            for model in &self.models {
                let later = model.later_prices.iter().map(|later| &later.price);
                let deployed = model
                    .deployments
                    .iter()
                    .filter_map(|one| one.price.as_ref());
                for price in model.price.iter().chain(later).chain(deployed) {
                    raise(&mut dearest, price);
                }
            }
            dearest
        })
    }
}

fn raise(dearest: &mut Price, price: &Price) {
    raise_rates(&mut dearest.rates, &price.rates);
    for step in &price.steps {
        raise_rates(&mut dearest.rates, &step.rates);
    }
    for tier in price.tiers.values() {
        if let Tier::Rates { rates, steps } = tier {
            raise_rates(&mut dearest.rates, rates);
            for step in steps {
                raise_rates(&mut dearest.rates, &step.rates);
            }
        }
    }
    raise_units(&mut dearest.units, &price.units);
    for (tool, fee) in &price.fees {
        let own = dearest.fees.entry(*tool).or_default();
        *own = (*own).max(*fee);
    }
}

fn raise_rates(dearest: &mut Rates, rates: &Rates) {
    for kind in Kind::ALL {
        let set = rates.own(kind).filter(|rate| !rate.assumed);
        if let Some(rate) = set {
            let own = dearest.of_mut(kind);
            *own = (*own).max(Some(rate.nanos));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Model;
    use crate::price::Step;
    use crate::usage::Tool;

    fn model(name: &str, price: Price) -> Model {
        Model {
            price: Some(price),
            ..Model::new(name, "u".to_owned())
        }
    }

    #[test]
    fn each_kind_has_the_highest_rate_of_any_model() {
        let long = Step {
            above: 10,
            rates: Rates::of(7, 2),
        };
        let fast = Tier::Rates {
            rates: Rates::of(1, 90),
            steps: Vec::new(),
        };
        let priced = Price {
            steps: vec![long],
            fees: [(Tool::WebSearch, 5)].into(),
            tiers: [("fast".to_owned(), fast)].into(),
            ..Price::of(3, 40)
        };
        let sound = Price {
            rates: Rates {
                audio_input: Some(60),
                ..Rates::of(5, 1)
            },
            ..Price::default()
        };
        let catalog = Catalog {
            models: vec![
                model("a", priced),
                model("b", sound),
                Model::new("c", "u".to_owned()),
            ],
            ..Catalog::default()
        };
        let dearest = catalog.dearest();
        let rates = &dearest.rates;
        assert_eq!((rates.input, rates.output), (Some(7), Some(90)));
        assert_eq!((rates.audio_input, rates.audio_output), (Some(60), None));
        assert_eq!(dearest.fees, [(Tool::WebSearch, 5)].into());
        assert_eq!(Catalog::default().dearest(), &Price::default());
    }
}
