//! Queries under way from one port.

/// A power of two, so that the flight of an id is found by its low bits.
const FLIGHTS: usize = 2048;

#[derive(Debug, Clone, Copy, Default)]
pub struct Flight {
    /// The number of the query.
    pub query: u32,
    pub sent_ns: u64,
    id: u16,
    is_under_way: bool,
}

pub struct Flights {
    flights: Box<[Flight]>,
    next_id: u16,
    count: usize,
}

impl Default for Flights {
    fn default() -> Self {
        Self {
            flights: vec![Flight::default(); FLIGHTS].into(),
            next_id: 1,
            count: 0,
        }
    }
}

impl Flights {
    pub fn count(&self) -> usize {
        self.count
    }

    /// Starts one and says the id to send it under; `None`: there is none left. Ids that wait for a lost reply are
    /// passed over.
    pub fn start(&mut self, query: u32, sent_ns: u64) -> Option<u16> {
        for _ in 0..FLIGHTS {
            let id = self.next_id;
            self.next_id = id.wrapping_add(1);
            let flight = self.flights.get_mut(usize::from(id) % FLIGHTS)?;
            if !flight.is_under_way {
                let is_under_way = true;
                *flight = Flight {
                    query,
                    sent_ns,
                    id,
                    is_under_way,
                };
                self.count += 1;
                return Some(id);
            }
        }
        None
    }

    /// Ends the one that `reply` belongs to; `None`: none is under way under its id.
    pub fn land(&mut self, reply: &[u8]) -> Option<Flight> {
        let id = u16::from_be_bytes(*reply.first_chunk()?);
        let flight = self.flights.get_mut(usize::from(id) % FLIGHTS)?;
        if !flight.is_under_way || flight.id != id {
            return None;
        }
        flight.is_under_way = false;
        self.count -= 1;
        Some(*flight)
    }

    /// Gives up those sent before `deadline_ns` and says how many they were.
    pub fn give_up(&mut self, deadline_ns: u64) -> u64 {
        let late = |flight: &&mut Flight| flight.is_under_way && flight.sent_ns < deadline_ns;
        let mut lost = 0;
        for flight in self.flights.iter_mut().filter(late) {
            flight.is_under_way = false;
            lost += 1;
        }
        self.count -= lost as usize;
        lost
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_lands_its_own_flight_and_only_once() {
        let mut flights = Flights::default();
        let id = flights.start(7, 100).unwrap();
        let reply = id.to_be_bytes();
        assert!(flights.land(&(id + 1).to_be_bytes()).is_none());
        assert!(flights.land(&(id + FLIGHTS as u16).to_be_bytes()).is_none());
        assert_eq!(flights.land(&reply).map(|flight| flight.query), Some(7));
        assert!(flights.land(&reply).is_none());
        assert_eq!(flights.count(), 0);
    }

    #[test]
    fn what_is_late_is_given_up_and_makes_room() {
        let mut flights = Flights::default();
        while flights.start(0, 100).is_some() {}
        assert_eq!(flights.give_up(100), 0);
        assert_eq!(flights.give_up(101), FLIGHTS as u64);
        assert!(flights.start(0, 200).is_some());
    }
}
