//! How many bodies of each namespace are on their way.

use crate::admission::Scope;
use std::rc::Rc;

/// The requests of one worker whose bodies are on their way, by namespace.
#[derive(Debug, Default)]
pub struct ArrivingBodies(Vec<(Rc<Scope>, usize)>);

impl ArrivingBodies {
    /// Counts one more of `namespace`, unless there are `most` already.
    #[must_use]
    pub fn begin(&mut self, namespace: &Rc<Scope>, most: usize) -> bool {
        match self.position(namespace).and_then(|at| self.0.get_mut(at)) {
            Some((_, count)) if *count >= most => return false,
            Some((_, count)) => *count = count.saturating_add(1),
            None => self.0.push((Rc::clone(namespace), 1)),
        }
        true
    }

    /// One of `namespace` has come whole, or will not come.
    pub fn end(&mut self, namespace: &Rc<Scope>) {
        let Some(at) = self.position(namespace) else {
            return;
        };
        if let Some((_, count)) = self.0.get_mut(at) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.0.swap_remove(at);
            }
        }
    }

    fn position(&self, namespace: &Rc<Scope>) -> Option<usize> {
        let mut all = self.0.iter();
        all.position(|(scope, _)| Rc::ptr_eq(scope, namespace))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Limits;

    fn scope(name: &str) -> Scope {
        Scope::new(name.to_owned(), Limits::default())
    }

    #[test]
    fn so_many_may_arrive_at_once() {
        let mut arriving = ArrivingBodies::default();
        let [a, b] = ["namespace:a", "namespace:b"].map(|name| Rc::new(scope(name)));
        assert!(arriving.begin(&a, 2) && arriving.begin(&a, 2) && !arriving.begin(&a, 2));
        assert!(arriving.begin(&b, 2));
        arriving.end(&a);
        assert!(arriving.begin(&a, 2));
        arriving.end(&a);
        arriving.end(&a);
        arriving.end(&b);
        assert!(arriving.0.is_empty());
        arriving.end(&b);
    }
}
