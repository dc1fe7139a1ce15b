//! Refusals of requests for the model `auto`. They stand here, and not in `refusal/`, because they
//! know [`Obstacle`] and [`Unroutable`], which are above [`Refusal`].

use super::{NoForecast, Unroutable};
use crate::authorization::Obstacle;
use crate::refusal::{Code, Refusal, clip_bytes, list};
use crate::wire_format::WireFormat;

impl Refusal {
    /// The namespace of this name has no routing, so `auto` says nothing. `known` are the models
    /// the caller may use.
    pub fn routing_not_set<'a>(namespace: &str, known: impl IntoIterator<Item = &'a str>) -> Self {
        let namespace = clip_bytes(namespace.as_bytes());
        let message = format!(
            "The model 'auto' is chosen by the routing rules of a namespace, and '{namespace}' has \
             none. Ask your administrator to set them with PUT /v1/namespaces/{namespace}/routing, \
             or name a model. Known models: {}.",
            list(known)
        );
        let refusal = Refusal::new(Code::ModelNotFound, message);
        refusal
            .by(&format!("namespace:{namespace}"))
            .at(Some("model"))
    }

    /// A request to the namespace of this name cannot be forecast, because it would be refused.
    /// `known` are the models the caller may use.
    pub fn not_forecast<'a>(
        namespace: &str,
        why: NoForecast,
        known: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        match why {
            NoForecast::Body(error) => error.into(),
            NoForecast::NoRouting => Refusal::routing_not_set(namespace, known),
            NoForecast::Unroutable(unroutable) => Refusal::not_routable(namespace, &unroutable),
            NoForecast::Unusable(model, Obstacle::NotAllowed(scope)) => {
                Refusal::model_not_allowed(&scope, &model, known)
            }
            NoForecast::Unusable(model, Obstacle::NotInRegion) => {
                let scope = format!("namespace:{namespace}");
                Refusal::region_not_allowed(&scope, &model, [])
            }
            NoForecast::Unusable(model, Obstacle::NoPrice) => {
                let scope = format!("namespace:{namespace}");
                Refusal::model_without_price(&scope, &model, known)
            }
            NoForecast::Unusable(model, Obstacle::Unknown | Obstacle::Lacks(_)) => {
                Refusal::model_not_found(&model, known)
            }
            NoForecast::Unusable(model, Obstacle::NotServed(format, formats)) => {
                let formats = formats.into_iter().map(WireFormat::name);
                Refusal::format_not_served(&model, format.name(), formats)
            }
            NoForecast::Overflow(overflow) => Refusal::cost_overflow(overflow),
        }
    }

    /// None of the models that the routing of the namespace of this name leads to can serve the
    /// request.
    pub fn not_routable(namespace: &str, unroutable: &Unroutable) -> Self {
        let namespace = clip_bytes(namespace.as_bytes());
        let why = match (&unroutable.rule, unroutable.tried.is_empty()) {
            (None, true) => {
                let message = format!(
                    "No routing rule of '{namespace}' matches this request, and there is no \
                     fallback_model. Ask your administrator to set one, or name a model."
                );
                let refusal = Refusal::new(Code::ModelNotFound, message);
                return refusal
                    .by(&format!("namespace:{namespace}"))
                    .at(Some("model"));
            }
            (None, false) => "no rule matches".to_owned(),
            (Some(rule), _) => format!("the rule '{}' matches", clip_bytes(rule.as_bytes())),
        };
        let tried = unroutable.tried.iter();
        let tried: Vec<String> = tried.map(|(name, why)| tell(name, why)).collect();
        let message = format!(
            "The routing of '{namespace}' has no model for this request: {why}, and {}. Ask your \
             administrator to mend the routing or to allow one of these models, or name a model.",
            list(tried.iter().map(String::as_str))
        );
        let mut code = Code::ModelNotFound;
        for (_, why) in &unroutable.tried {
            match why {
                Obstacle::Unknown => {}
                Obstacle::NotServed(..) if code == Code::ModelNotFound => {
                    code = Code::InvalidRequest;
                }
                Obstacle::NotServed(..) => {}
                Obstacle::NotAllowed(_)
                | Obstacle::NotInRegion
                | Obstacle::NoPrice
                | Obstacle::Lacks(_) => {
                    code = Code::ModelNotAllowed;
                }
            }
        }
        let scope = unroutable.tried.iter().find_map(|(_, why)| match why {
            Obstacle::NotAllowed(scope) => Some(scope.clone()),
            _ => None,
        });
        let scope = scope.unwrap_or_else(|| format!("namespace:{namespace}"));
        Refusal::new(code, message).by(&scope).at(Some("model"))
    }
}

fn tell(name: &str, why: &Obstacle) -> String {
    let name = clip_bytes(name.as_bytes());
    match why {
        Obstacle::Unknown => format!("'{name}' does not exist"),
        Obstacle::NotAllowed(scope) => {
            format!("{} may not use '{name}'", clip_bytes(scope.as_bytes()))
        }
        Obstacle::NotInRegion => format!("'{name}' is served in no region that may serve"),
        Obstacle::NoPrice => format!("'{name}' has no price"),
        Obstacle::Lacks(capability) => {
            format!("'{name}' lacks {}", clip_bytes(capability.as_bytes()))
        }
        Obstacle::NotServed(format, _) => {
            format!(
                "'{name}' is not served in the wire format '{}'",
                format.name()
            )
        }
    }
}
