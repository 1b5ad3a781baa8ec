/** What the boxes hold at first. The embedded model was made for these kinds of text, and for few others. */

export const FIRST_PROMPT =
  'Once upon a time, a brave hedgehog named Rowan lived on a farm with red barns. Next door lived Bea, a quiet turtle. Every autumn there was a sack race in the village.'

/** The shared part of examples/tickets.jsonl. */
export const TICKET_INSTRUCTION = `Read the support ticket and answer with JSON that has two fields: category (billing, shipping, technical, account or refund) and urgency (low, normal or high).

Ticket: It is about order D83622. Your return label for the sewing machine is missing from the box.
Answer: {"category": "refund", "urgency": "normal"}

Ticket: The courier wants a pin to hand over the water bottle, and I never received one.
Answer: {"category": "shipping", "urgency": "normal"}

Ticket: I have paid $85.50 in March, and now a reminder says the bill is still open.
Answer: {"category": "billing", "urgency": "normal"}

Ticket: you billed me for the premium plan, but i chose the cheaper one. regards
Answer: {"category": "billing", "urgency": "normal"}

Ticket: nothing happens when i click the button in the photo gallery. best wishes
Answer: {"category": "technical", "urgency": "normal"}

Ticket: I leave for Oslo in eight hours and have to have this settled first. The webcam loses its connection to the app two times a day.
Answer: {"category": "technical", "urgency": "high"}

Ticket: The notebook is too heavy, so I want to return it. Every hour counts, because our shop is shut until then.
Answer: {"category": "refund", "urgency": "high"}

Ticket: You sent my 62 euros for the returned fish tank to a closed account. Whenever you find time, it can wait.
Answer: {"category": "refund", "urgency": "low"}

Ticket: Samuel Suzuki is my name. How do I update my date of birth in my profile? It is only a detail, reply some time in February.
Answer: {"category": "account", "urgency": "low"}

Ticket: Audio is gone in the app on my desktop since Friday. Order number: 0724. I leave for Porto in two hours and must have this settled before that. All the best
Answer: {"category": "technical", "urgency": "high"}

Ticket: I signed up a few days ago but the confirmation email never came. We need it sorted today, the party depends on it.
Answer: {"category": "account", "urgency": "high"}

Ticket: can you tell me when my pillow will leave the warehouse?
Answer: {"category": "shipping", "urgency": "normal"}`

export const TICKETS: readonly string[] = [
  'The kettle smells of plastic; I am bringing it back and want $30. Others surely need you more, May is early enough. Signed, Irina Ito',
  'The website is so slow on my desktop that the reading list never appears. My meeting was brought forward to tomorrow please drop everything.',
  'Hey, The sales tax on my last invoice seems wrong: it should be lower. Each minute counts, because our shop is shut until then.',
  'Hi, Thanks for the good work so far. No hurry whatsoever, the trip is months away. The display of the projector flickers after two minutes of use.',
  'Could the speaker be delivered on Wednesday instead? Reference: 49169. I am glad to hear from you by Friday.',
  'I cannot log in on my television: it says my password is wrong! Please see to it this week. Best wishes',
  'I cancelled the student plan in January and you still took $35.99 from my company card.',
  'Good morning, We manage without it until January! The desk lamp arrived with a scratch, so please pay me back.',
  'Dear support, First time I write to you. Can you reopen my profile? It was disabled over the weekend. As soon as possible, please: I have a flight tomorrow morning.',
  'My wall clock was supposed to arrive on Saturday, and it has not.',
  'Hello there, I need a receipt with our company address for the swim mask. No rush here. Best wishes',
  'Good day, The number on the receipt is 54147. The driver left the swim mask with a stranger on Sunday. I leave for Oslo in eight hours and must have this settled before that.',
]
