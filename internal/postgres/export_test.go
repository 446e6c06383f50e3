package postgres

// EnterBooker is the setup of a booking. Its parameters are the organizations and the longest wait for a lock.
const EnterBooker = enterBooker
