"""The phrases that make.py builds the demo's data from."""

OPENERS = ["", "", "Hi, ", "Hello, ", "Quick question: ", "Help please: ", "Good morning, ", "Hey there, "]
CLOSERS = ["", "", " Thanks!", " Please advise.", " Can you help me?", " I would like to know today."]

# label -> phrases; the last two of each are never trained on.
INTENTS = {
    "lock_stuck": [
        "the lock on my hire bike will not open.", "I scanned the code but the bike stays locked.",
        "the bike's lock jammed when I tried to end my ride.", "my bicycle does not unlock with the app.",
        "the bolt of the bike lock is stuck.",
        "the wheel lock won't release although the app says unlocked.", "I can't get the lock of this bicycle open."],
    "flat_tyre": [
        "the rear tyre of my hire bike is flat.", "I rode over glass and the bike's tyre lost its air.",
        "the front wheel of the bicycle has a puncture.", "there is no air in the tyres of the bike I took.",
        "my bike got a flat in the middle of the ride.",
        "the tyre of my rented bicycle went down.", "this bike's wheel has a hole in the tube."],
    "brake_fault": [
        "the brakes of this bike hardly work.", "the brake lever of my hire bike came loose.",
        "the bike squeals and does not slow down.", "the front brake of my bicycle is broken.",
        "I had to stop the bike with my feet.",
        "the bicycle's brakes feel dangerously weak.", "pulling the brake on this bike does nothing."],
    "refund_request": [
        "I want my money back for yesterday's ride.", "please refund the ride that never started.",
        "I was promised a refund for the bike trip and see nothing.", "can I get the hire fee back?",
        "give me back what I paid for the broken bike.",
        "I would like to be reimbursed for my bike ride.", "when will I receive the refund for my hire?"],
    "double_charge": [
        "you charged my card twice for one ride.", "my bank shows the same bike trip two times.",
        "the hire fee was taken twice.", "I see two payments for a single bike ride.",
        "one trip, but two charges on my statement.",
        "the same bicycle ride was billed to me twice.", "why are there two bookings of one hire on my card?"],
    "change_card": [
        "I need to replace the credit card in my account.", "how do I change my payment card?",
        "my old bank card expired, where do I put in the new one?", "I want to pay rides from another account.",
        "please update the card you charge for rides.",
        "where can I enter a different credit card?", "I got a new bank card and want to use it for rides."],
    "reset_password": [
        "I forgot the password of my rider account.", "the app does not accept my password.",
        "how can I reset my login password?", "I am locked out of my account and need a new password.",
        "please send me a link to set a new password.",
        "my password for the bike app no longer works.", "I can't remember how to log in."],
    "find_station": [
        "where is the nearest bike station?", "is there a docking station near the museum?",
        "which station close to me has bikes?", "show me the stations in the old town.",
        "I am at the harbour and look for a bike dock.",
        "how do I find a station around the library?", "is there any place to pick up a bike near the park?"],
    "station_full": [
        "the station is full and I cannot return the bike.", "there is no free dock at this station.",
        "all slots are taken, where do I leave the bike?", "I can't dock my bike because every place is occupied.",
        "no space to park the bicycle at the station.",
        "the dock has no empty slot for my bike.", "every stand at the station is in use, how do I end the ride?"],
    "buy_pass": [
        "I would like to buy a monthly pass.", "how much is a day pass for two people?",
        "where can I get a yearly ticket for the bikes?", "do you sell weekly passes?",
        "I want to subscribe for the summer.",
        "which pass do I need for a whole month of riding?", "can I purchase a season ticket?"],
    "cancel_pass": [
        "I want to cancel my monthly pass.", "please end my subscription.",
        "how do I stop the yearly pass from renewing?", "I move away and no longer need the pass.",
        "terminate my membership at the end of the month.",
        "my subscription should not be renewed.", "I'd like to give up my season ticket."],
    "lost_item": [
        "I left my bag in the basket of a bike.", "my keys are missing since I returned the bike.",
        "I forgot a jacket on the bicycle this morning.", "did anyone find a phone in a bike basket?",
        "I lost my wallet during the ride.",
        "my umbrella is still in the basket of your bike.", "has someone handed in a helmet I left on a bike?"],
    "report_theft": [
        "someone stole the bike while I was in a shop.", "the hire bike is gone, I think it was stolen.",
        "a thief took the bicycle I had rented.", "I have to report a stolen bike.",
        "my bike was taken from outside the cafe.",
        "the bicycle disappeared, somebody must have stolen it.", "I saw a man steal one of your bikes."],
    "opening_hours": [
        "when does your help desk open?", "are you open on Sundays?",
        "until what time can I call you?", "what are the opening hours of your shop?",
        "do you work on public holidays?",
        "how late is the service desk staffed?", "at what hour does your office close?"],
    "child_seat": [
        "do you have bikes with a child seat?", "can I ride with my three-year-old?",
        "I need a seat for a toddler on the bike.", "is it possible to rent a bike with a seat for children?",
        "how do I fit a child seat to the hire bike?",
        "can I take my little daughter along on a bicycle?", "where do I get a bicycle with a kid's seat?"],
}

ROOMS = ["kitchen", "bedroom", "bathroom", "hallway", "office", "living room", "garage", "nursery", "attic", "dining room"]

# sentence, command, values
COMMANDS = [
    ("Turn on the lights in the {room}.", {"device": "light", "room": "{room}", "action": "on"}, [None]),
    ("Please switch the {room} light on.", {"device": "light", "room": "{room}", "action": "on"}, [None]),
    ("Switch off the lamps in the {room}.", {"device": "light", "room": "{room}", "action": "off"}, [None]),
    ("It is too bright in the {room}, kill the lights.", {"device": "light", "room": "{room}", "action": "off"}, [None]),
    ("Dim the {room} lights to {value} percent.",
     {"device": "light", "room": "{room}", "action": "dim", "value": "{value}"}, [10, 20, 30, 40, 60, 70]),
    ("Set the lamp brightness in the {room} to {value} %.",
     {"device": "light", "room": "{room}", "action": "dim", "value": "{value}"}, [15, 25, 50, 80]),
    ("Set the heating in the {room} to {value} degrees.",
     {"device": "heating", "room": "{room}", "action": "set", "value": "{value}"}, [17, 18, 19, 20, 21, 22]),
    ("Make it {value} degrees warm in the {room}.",
     {"device": "heating", "room": "{room}", "action": "set", "value": "{value}"}, [16, 19, 22, 23, 24]),
    ("Turn the {room} radiator off.", {"device": "heating", "room": "{room}", "action": "off"}, [None]),
    ("Stop heating the {room}.", {"device": "heating", "room": "{room}", "action": "off"}, [None]),
    ("Open the blinds in the {room}.", {"device": "blinds", "room": "{room}", "action": "open"}, [None]),
    ("Let daylight into the {room}, raise the shutters.", {"device": "blinds", "room": "{room}", "action": "open"}, [None]),
    ("Close the {room} blinds.", {"device": "blinds", "room": "{room}", "action": "close"}, [None]),
    ("Lower the shutters in the {room}.", {"device": "blinds", "room": "{room}", "action": "close"}, [None]),
    ("Play {value} in the {room}.",
     {"device": "speaker", "room": "{room}", "action": "play", "value": "{value}"},
     ["jazz", "rock", "classical music", "the news", "folk songs"]),
    ("Put some {value} on in the {room}.",
     {"device": "speaker", "room": "{room}", "action": "play", "value": "{value}"}, ["blues", "techno", "jazz"]),
    ("Mute the speaker in the {room}.", {"device": "speaker", "room": "{room}", "action": "off"}, [None]),
    ("Vacuum the {room} now.", {"device": "vacuum", "room": "{room}", "action": "on"}, [None]),
    ("Send the robot to clean the floor of the {room}.", {"device": "vacuum", "room": "{room}", "action": "on"}, [None]),
]

# tea -> facts
TEAS = {
    "green tea": dict(heat=75, minutes=2, grams=2, caffeine="a little", milk="never milk", food="rice crackers", steeps="three"),
    "black tea": dict(heat=98, minutes=4, grams=3, caffeine="a good deal of", milk="a drop of milk", food="buttered toast", steeps="one"),
    "white tea": dict(heat=80, minutes=5, grams=4, caffeine="very little", milk="never milk", food="fresh pears", steeps="four"),
    "oolong": dict(heat=90, minutes=3, grams=4, caffeine="some", milk="never milk", food="almond biscuits", steeps="five"),
    "rooibos": dict(heat=100, minutes=7, grams=3, caffeine="no", milk="warm milk", food="gingerbread", steeps="one"),
    "peppermint tea": dict(heat=100, minutes=6, grams=2, caffeine="no", milk="never milk", food="dark chocolate", steeps="two"),
    "chamomile tea": dict(heat=95, minutes=6, grams=2, caffeine="no", milk="never milk", food="honey cake", steeps="one"),
    "jasmine tea": dict(heat=78, minutes=3, grams=2, caffeine="a little", milk="never milk", food="steamed buns", steeps="three"),
    "Earl Grey": dict(heat=96, minutes=4, grams=3, caffeine="a good deal of", milk="a slice of lemon", food="shortbread", steeps="one"),
    "matcha": dict(heat=70, minutes=1, grams=2, caffeine="a great deal of", milk="frothed milk", food="sweet bean paste", steeps="one"),
    "Assam": dict(heat=98, minutes=5, grams=3, caffeine="a great deal of", milk="plenty of milk", food="fried eggs", steeps="one"),
    "Darjeeling": dict(heat=90, minutes=3, grams=3, caffeine="some", milk="never milk", food="cucumber sandwiches", steeps="two"),
    "smoked tea": dict(heat=95, minutes=3, grams=3, caffeine="some", milk="never milk", food="aged cheese", steeps="two"),
    "ginger tea": dict(heat=100, minutes=8, grams=5, caffeine="no", milk="never milk", food="lemon tart", steeps="two"),
    "sencha": dict(heat=72, minutes=2, grams=3, caffeine="some", milk="never milk", food="seaweed snacks", steeps="three"),
    "pu-erh": dict(heat=97, minutes=3, grams=5, caffeine="a good deal of", milk="never milk", food="dumplings", steeps="seven"),
}

# kind -> (questions, answer, tip)
TEA_QUESTIONS = {
    "heat": (
        ["How hot should the water be for {tea}?", "What temperature do I need for {tea}?",
         "Which water temperature suits {tea} best?", "Should I boil the water for {tea}?"],
        "{Tea} likes water of {heat} degrees.", "let the pot warm up first."),
    "minutes": (
        ["How long should {tea} steep?", "How many minutes do I brew {tea}?",
         "When do I take the leaves out of {tea}?", "How long does {tea} have to draw?"],
        "{Tea} steeps for {minutes} min and no longer.", "set an hourglass."),
    "grams": (
        ["How much {tea} do I take for one cup?", "How many grams of {tea} go into a cup?",
         "What amount of {tea} is right for a mug?", "How many leaves of {tea} should I use?"],
        "Take {grams} grams of {tea} for each cup.", "weigh the leaves, never guess."),
    "caffeine": (
        ["Is there caffeine in {tea}?", "Does {tea} keep me awake?", "Can I drink {tea} late in the evening?",
         "How strong is {tea} in caffeine?"],
        "{Tea} holds {caffeine} caffeine.", "listen to your own sleep."),
    "milk": (
        ["Should I add milk to {tea}?", "What do I put into {tea}?", "Does milk go well with {tea}?",
         "How do you serve {tea} in the shop?"],
        "{Tea} takes {milk}.", "taste it plain before you add a thing."),
    "food": (
        ["What can I eat with {tea}?", "Which snack goes with {tea}?", "What do you serve beside {tea}?",
         "Which food pairs well with {tea}?"],
        "{Tea} loves {food}.", "small bites, slow sips."),
    "steeps": (
        ["How often can I reuse the leaves of {tea}?", "Can I brew {tea} a second time?",
         "How many infusions does {tea} give?", "May I pour water on {tea} again?"],
        "{Tea} gives {steeps} good infusion(s).", "add half a minute each time."),
}

OFF_TOPIC = [
    "Who painted the ceiling of the Sistine Chapel?", "Solve the equation 3x + 5 = 20.",
    "Write a haiku about the stars.", "Translate 'good night' into Spanish.",
]
