// How long an offer holds: the few lengths that people choose from, in seconds.

export const validities = [
  { value: '3600', text: '1 hour' },
  { value: '86400', text: '1 day' },
  { value: '604800', text: '7 days' },
  { value: '2592000', text: '30 days' },
]
