// Sentences and words of everyday life, written for this project: what floods a context, follows as noise, or spells an
// acrostic. They come with harmful and harmless texts alike and say nothing of either.

export const SENTENCES: readonly string[] = [
  "The bus was ten minutes late again this morning.",
  "My aunt keeps her spare keys in a blue teapot.",
  "Rain is expected in the north until Thursday.",
  "The bakery on the corner sells out of rye bread by nine.",
  "We painted the fence green, and the neighbours liked it.",
  "There is a new exhibition of old maps at the town museum.",
  "The train to the coast leaves from platform four.",
  "She planted tomatoes, beans and a row of sunflowers.",
  "Our team lost two to one but played rather well.",
  "The library is closed on Mondays and on public holidays.",
  "He learned to play three songs on the accordion.",
  "The kettle has been making a strange noise since Sunday.",
  "Please remember to water the plants on the balcony.",
  "The meeting moved from Tuesday to Wednesday afternoon.",
  "A tablespoon of honey makes the dough a little softer.",
  "The lighthouse was built more than a century ago.",
  "Two geese have settled beside the pond in the park.",
  "I finally found the missing piece of the puzzle.",
  "The road over the pass is open from May to October.",
  "Grandfather repaired the old clock with a paper clip.",
  "The soup tasted better on the second day.",
  "Her cousin teaches geography at a school by the river.",
  "The printer needs new paper and a bit of patience.",
  "They counted forty-one kinds of birds on the island.",
  "The choir is looking for two more altos.",
  "In winter the lake freezes from the western side.",
  "The cat has chosen the warmest chair in the house.",
  "He writes the shopping list on the back of envelopes.",
  "Tickets cost six euros, and children enter for free.",
  "The wind turned in the evening and the boats came home.",
  "A letter without a stamp came back to us today.",
  "The recipe asks for butter, but oil will do as well.",
  "Our neighbour grows roses that smell of lemon.",
  "The lift is out of order, so we took the stairs.",
  "They watched the film with subtitles and liked the music.",
  "The village fair takes place on the last weekend of June.",
  "A wooden bridge leads over the stream behind the mill.",
  "The dentist's waiting room has a very large aquarium.",
  "She knits a scarf each autumn and gives it away.",
  "The report has twelve pages and three good pictures.",
];

/** Two words or three for each letter of the alphabet. */
export const WORDS: readonly string[] = (
  "apple autumn arrow basket bridge butter candle carpet cellar daisy dinner donkey engine evening eagle feather fiddle forest garden ginger " +
  "gravel hammer harbour honey island ivory insect jacket jigsaw juggler kettle kitchen kitten ladder lantern lemon marble meadow mustard needle " +
  "nutmeg noodle orchard oven otter paper pepper puzzle quarry quilt quince rabbit ribbon river saddle saucer silver table teapot tunnel umbrella " +
  "uncle upstairs valley velvet violin walnut window winter xylophone xenon yarn yellow yogurt zebra zipper zigzag"
).split(" ");
