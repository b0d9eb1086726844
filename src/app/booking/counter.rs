//! A counter at which many are served together: whoever comes while others are being served is served with all who
//! came meanwhile. Hundreds who ask at once then cost a few transactions and not hundreds.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

/// The most questions that are answered at a time: enough that a transaction costs little for each, few enough that
/// nobody waits long for the others.
const TOGETHER_MAX: usize = 100;

/// Where questions wait.
#[derive(Debug)]
pub(in crate::app) struct Counter<Q, A>(Arc<Mutex<Line<Q, A>>>);

#[derive(Debug)]
struct Line<Q, A> {
    waiting: VecDeque<(Q, oneshot::Sender<A>)>,
    /// Whether somebody serves.
    is_served: bool,
}

impl<Q, A> Clone for Counter<Q, A> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<Q, A> Default for Counter<Q, A> {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Line { waiting: VecDeque::new(), is_served: false })))
    }
}

impl<Q, A> Counter<Q, A> {
    fn line(&self) -> MutexGuard<'_, Line<Q, A>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<Q, A> Counter<Q, A>
where
    Q: Clone + Send + 'static,
    A: Send + 'static,
{
    /// The answer to a question. `answer` answers several, in their order. It goes on where whoever asked goes away.
    pub(in crate::app) async fn ask<F, G>(&self, question: Q, answer: F) -> A
    where
        F: Fn(Vec<Q>) -> G + Clone + Send + 'static,
        G: Future<Output = Vec<A>> + Send + 'static,
    {
        let (asked, answered) = oneshot::channel();
        let is_served = {
            let mut line = self.line();
            line.waiting.push_back((question.clone(), asked));
            std::mem::replace(&mut line.is_served, true)
        };
        if !is_served {
            let serving = Serving { counter: self.clone(), is_over: false };
            tokio::spawn(serving.serve(answer.clone()));
        }
        match answered.await {
            Ok(answer) => answer,
            // Whoever served is gone.
            Err(_) => answer(vec![question]).await.pop().expect("a question has an answer"),
        }
    }
}

/// Whoever serves. Should they end before their time, those who wait are told, and the next one serves.
struct Serving<Q, A> {
    counter: Counter<Q, A>,
    is_over: bool,
}

impl<Q, A> Serving<Q, A> {
    async fn serve<G>(mut self, answer: impl Fn(Vec<Q>) -> G)
    where
        G: Future<Output = Vec<A>>,
    {
        loop {
            let (questions, askers): (Vec<Q>, Vec<_>) = {
                let mut line = self.counter.line();
                let count = line.waiting.len().min(TOGETHER_MAX);
                if count == 0 {
                    line.is_served = false;
                    self.is_over = true;
                    return;
                }
                line.waiting.drain(..count).unzip()
            };
            for (asker, answer) in askers.into_iter().zip(answer(questions).await) {
                // Who went away needs no answer.
                let _gone = asker.send(answer);
            }
        }
    }
}

impl<Q, A> Drop for Serving<Q, A> {
    fn drop(&mut self) {
        if !self.is_over {
            let mut line = self.counter.line();
            line.is_served = false;
            line.waiting.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use tokio::task::JoinSet;

    #[tokio::test]
    async fn everybody_gets_their_own_answer_and_many_are_served_together() {
        let counter: Counter<u64, u64> = Counter::default();
        let times = Arc::new(AtomicUsize::new(0));
        let mut all = JoinSet::new();
        for no in 0..1000_u64 {
            let (counter, times) = (counter.clone(), Arc::clone(&times));
            all.spawn(async move {
                let squares = move |questions: Vec<u64>| {
                    times.fetch_add(1, Ordering::Relaxed);
                    async move {
                        tokio::task::yield_now().await;
                        questions.into_iter().map(|no| no * no).collect()
                    }
                };
                (no, counter.ask(no, squares).await)
            });
        }
        while let Some(one) = all.join_next().await {
            let (no, answer) = one.expect("a task ends");
            assert_eq!(answer, no * no);
        }
        assert!(times.load(Ordering::Relaxed) < 100, "they are served together");
        assert!(!counter.line().is_served, "nobody serves an empty counter");
    }

    #[tokio::test]
    async fn who_waits_while_somebody_ends_early_is_answered_all_the_same() {
        let counter: Counter<u64, u64> = Counter::default();
        let is_first = Arc::new(AtomicUsize::new(0));
        let mut all = JoinSet::new();
        for no in 0..10_u64 {
            let (counter, is_first) = (counter.clone(), Arc::clone(&is_first));
            all.spawn(async move {
                let ends_once = move |questions: Vec<u64>| {
                    let nth = is_first.fetch_add(1, Ordering::Relaxed);
                    async move {
                        tokio::task::yield_now().await;
                        assert!(nth > 0, "the first one ends early");
                        questions
                    }
                };
                (no, counter.ask(no, ends_once).await)
            });
        }
        while let Some(one) = all.join_next().await {
            let (no, answer) = one.expect("a task ends");
            assert_eq!(answer, no);
        }
    }
}
