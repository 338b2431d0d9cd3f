/**
 * Words for references that are read out over the phone: short, common, easy to spell, none that sounds like another.
 * There are 1,024, so three of them make thirty bits.
 */
export const REFERENCE_WORDS: readonly string[] = `
able acorn actor adult after agent album alley almond alpine amber amount anchor angle animal ankle answer
antler apple april apron arch arena armor arrow artist aspen atlas attic august autumn avenue awake award axle
bacon badge bagel baker bamboo banana banjo banner barber barley barn barrel basil basin basket beach beacon
beaker beaver beech beetle bell belt bench berry better birch bird bison blazer blue boat bonus book boot border
bottle bowl branch brass bread breeze brick bridge bright bronze broom brown brush bubble bucket buffet bugle
bumper bundle butter button cabin cable cactus cake calm camel camera camp canal candle candy canoe canvas
canyon carbon cargo carpet carrot cart castle cattle cavern cedar cello center chain chair chalk chapel charm
chart cheese cherry chess chest chime chorus cider cinema circle circus citrus city clay clever cliff clinic
clock cloud clover coach coast cobalt cocoa coffee coin collar column comet comic cookie copper corner cotton
cougar cousin cover cowboy cradle crane crater crayon cream crown cube curve cycle daily dairy daisy dancer dawn
decade deck delta desk dial diamond diary diesel dinner doctor dolphin domino donkey donor door double dove
dragon drama drawer dream dress drift driver drum dune eager eagle early earth easel east easy echo eclipse
editor elbow elder elegant eleven elk elm ember emerald empire enamel energy engine enjoy entry equal errand
escape evening event evident exact exit expert extra fabric factor falcon family famous fancy farmer fashion
father feather fellow fence fern ferry fiction fiddle field fifty figure filter final finch finger fire first
fish flag flame flannel flask flight flint float floor flute focus folder forest fork formal fortune forty
fossil founder fox frame freckle free fresh friend frost fruit funnel future gadget galaxy gallery gallop garage
garden garlic garnet gazelle general gentle geyser giant gift ginger giraffe glacier glad glass globe glove goat
gold golf goose gorilla grain grand granite grape graph grass gravel green grid grill group grove guard guest
guide guitar gull gusto habit hammer hammock hamster handle happy harbor harp harvest hazel heart heather hedge
helmet hemlock herald hero heron hickory hill hockey hollow holly honest honey hope horizon hornet hotel house
hubcap human humble hundred hunter hurdle husky iceberg icon idea igloo image impact index indigo inlet insect
inside iris iron island ivory ivy jacket jaguar january jasmine jazz jelly jersey jester jewel jigsaw jockey
jolly journal journey joy jubilee judge juice july jumbo june jungle junior jury kayak keen kettle kind kindle
kiosk kitchen kite kitten knot koala label lace ladder lagoon lake lamb lamp lantern laptop large lark laser
latch laurel lawn lawyer layer leader leaf league learn leather ledger legend lemon lentil leopard letter
lettuce level lever library light lilac lily limber lime linen lion liquid listen lizard llama lobby lobster
local locket lodge logic lotus lucky lumber lunar lunch lupine lyric machine magic magnet magpie mailbox major
mallet mammoth mango mantle maple marble march margin marina marker market marsh marvel meadow medium mellow
melody melon member memory mentor menu merit merry meteor metro middle milk million mineral minnow mint minute
mirror mitten mobile model modern modest moment monday monkey month moose morning mosaic moss motel mother motor
mouse movie muffin mural muscle museum music mustard mutual myrtle napkin narrow nature navy nectar needle neon
nephew nest nickel nine ninety noble noodle normal north notable note novel nugget number nutmeg oak oasis
oatmeal object oboe ocean octave october office olive omega omelet onion onward open opera orange orbit orchard
orchid order organ origin osprey otter oval oven owner oxygen oyster pacific paddle page paint palace palm panda
panel panther paper paprika parade parcel parent park parrot parsley partner party pastry patch patio patrol
peach peacock peanut pearl pebble pecan pelican pencil penguin pepper perch perfect period person piano pickle
picnic picture pigeon pillow pilot pine pioneer pivot pizza planet plank plaster plate plaza plenty plum pocket
poem poet polar polite polka pollen pond pony poplar poppy porch portal potato powder prairie present pretzel
primer printer prism prize produce profile promise proper public pudding puffin pulley pumpkin pupil puppet
purple puzzle pyramid quail quality quarry quartz quest quick quiet quill quilt quince quota rabbit raccoon
racket radar radio radish rafter railway raisin ranch random ranger rapid raven razor ready real recipe record
reef regal region relay remedy rescue resort ribbon rice riddle ridge ring ripple rival river roast robin robot
rocket rodeo roller roof room rooster rope rotor round royal rubber ruby rudder rug ruler rumba runner russet
rustic saddle safari saffron sage sailor salad salmon salt sample sandal satin saturn sauce savanna scale scarf
scholar school science scooter scout screen season seat second seed senator senior seven shadow shale shark
sheep shelf shell sheriff shield ship shore shovel shrimp sienna signal silk silver simple singer sister sketch
skillet sky sleigh slipper smart smile smooth snail snow soap soccer social socket sofa solar solid sonata song
sonnet soup south spare sparrow special spider spinach spiral spirit spoon sport spring spruce squash stable
stadium stage staple star station statue steam stem stone stove straw stream street string studio sturdy sugar
suit summer summit supper surf swallow swan sweater swift symbol syrup system table tablet talent tango tassel
tavern taxi teacher teapot temple tender tennis tent terrace theater theory thicket thimble thirty thistle
thread three thunder ticket tidal tiger timber tinsel tiny titan toast today toffee tomato topaz torch tornado
total toucan tower town toy tractor trader traffic trail train travel tree trellis trend tribute trio trophy
trout truck trumpet tulip tuna tundra tunnel turbine turkey turnip turtle tutor twelve twenty twig twin typical
ultra uncle under unicorn uniform union unique unit upper urban useful utensil valley valor valve vanilla vapor
velvet vendor venture veteran victory video view village vine vintage viola violet violin visitor vista vital
vivid vocal voice volcano volley voyage waffle wagon waiter walnut walrus waltz warbler warm water wedge weekend
welcome west wheat wheel whisper whistle white wicker wide willow window winter wisdom wise wizard wolf wonder
wooden wool worker world wreath writer yacht yard year yellow yodel yogurt young zebra zenith zephyr zero zigzag
zinc zinnia zipper zone
`
  .trim()
  .split(/\s+/);
