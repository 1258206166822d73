"""Lists of names by type: those that are looked for, and those that are put in their place."""

from __future__ import annotations

MEN = """
Aaron Adam Alan Albert Alex Andrew Andy Anthony Antonio Arthur Ben Benjamin Bernard Billy Bob Boris
Brandon Brian Bruce Carl Carlos Charles Chris Christopher Colin Craig Dan Daniel Darnell Darren Dave
David Dennis Derek Diego Donald Douglas Dustin Edward Edwin Eric Erik Ethan Eugene Evan Fabian Felix
Fernando Fred Gary Geoff George Gerald Greg Harold Harry Hassan Henry Howard Hugo Ian Isaac Ivan Jack
Jacob Jake James Jamie Jared Jason Jeff Jeffrey Jeremy Jerome Jerry Jesse Jim Joe Joel John Jonathan
Jorge Jose Joseph Josh Joshua Juan Julian Julio Justin Karl Keith Kelvin Ken Kenneth Kenny Kevin Kyle
Larry Leo Leonard Liam Lou Louis Lucas Luis Luke Marcus Mario Marlon Martin Matt Matthew Maurice Max
Michael Miguel Mike Mohammed Nathan Neil Nicholas Nick Noah Norman Oliver Omar Oscar Owen Pablo Patrick
Paul Pedro Peter Phil Philip Phillip Ralph Raymond Richard Rick Robert Roger Ron Ronald Ross Roy Russell
Ryan Sam Samuel Santino Scott Sean Sebastian Simeon Simon Stan Stephen Steve Steven Ted Terry Thomas Tim
Timothy Toby Todd Tom Tommy Tony Trevor Tyler Victor Vincent Walter Warren Wayne William Wilson Zach
""".split()
WOMEN = """
Abigail Agnes Alice Alison Amanda Amelia Amy Ana Andrea Angela Anita Ann Anna Anne Annie Audrey Barbara
Beatrice Becky Beth Betty Brenda Brittany Camila Caroline Carolyn Catherine Cheryl Chloe Christina
Christine Christy Cindy Claire Clara Clarice Claudia Cynthia Daisy Deborah Denise Diana Diane Donna Dora
Doris Dorothy Edith Eleanor Elena Elizabeth Ella Ellen Elsa Emily Emma Erica Erin Esther Ethel Eva Evelyn
Fatima Fiona Florence Frances Gabriela Genevieve Gloria Haley Hannah Heather Heidi Helen Ingrid Irene
Isabel Jane Janet Janice Jean Jenna Jennifer Jenny Jessica Joan Joanna Judith Julia Julie Karen Kate
Katherine Kathleen Katie Kelly Kim Kira Laura Lauren Layla Leah Lena Leslie Linda Lisa Liz Lola Louise
Lucy Lydia Lynn Madeline Margaret Maria Marie Marilyn Marissa Martha Mary Megan Melissa Michelle Mildred
Miriam Molly Monica Nancy Naomi Natalie Nicole Nina Nora Norma Olivia Pamela Patricia Paula Phoebe Priya
Rachel Rebecca Rhonda Rita Rosa Rosemary Ruth Sabrina Sally Samantha Sandra Sara Sarah Sharon Sheila
Sofia Sonia Sophie Stacy Stephanie Susan Sylvia Tanya Tara Teresa Tina Tracy Ursula Valerie Vanessa Vera
Veronica Victoria Virginia Wendy Yolanda Yvonne Zoe
""".split()
RARE = """
Brock Carly Clinton Conor Crystal Dorothea Ed Emanuel Jeb Kendrick Macklemore Madonna Marc Marcia Naruto Paulo
Rahul Randi Reese Santino Shawn Zayn
""".split()
"""Found, never put in: names that are rare, or surnames too."""
MIDDLE = """
Bill Brooke Chad Frank Grace Grant Hope Jordan Lance Mark Mason Ray Rene Rose Ruby Sue Trent Will
""".split()
"""First names that are words or surnames too: names only where a capital letter has no other reason."""
SURNAMES = """
Anderson Bailey Baker Barnes Bennett Blair Brady Brown Bush Cameron Campbell Carter Clarke Clinton
Coleman Collins Cooper Davies Edwards Evans Federer Fischer Foster Garcia Giuliani Gonzalez Graham
Griffin Hamilton Harris Harrison Henderson Hughes Jackson Jenkins Johnson Jones Kasich Kowalski Lewis
Lopez Martinez Mayweather McDonald McGregor Merkel Messi Meyer Miliband Miller Mitchell Moore Morgan
Morris Morsi Mourinho Murphy Murray Nadal Nelson Nguyen Obama Palmer Patel Patterson Perez Peterson
Phillips Putin Ramirez Reagan Reynolds Richardson Roberts Robinson Rodriguez Rogers Romney Ronaldo Rooney
Rousey Russo Sanchez Sanders Schmidt Schneider Seinfeld Simmons Singh Smith Stevens Stewart Sullivan
Taylor Thompson Torres Trump Turner Walker Wallace Watson Weber Williams Wright
""".split()
COUNTRIES = """
Argentina;Australia;Austria;Bangladesh;Belgium;Bolivia;Brazil;Bulgaria;Cambodia;Cameroon;Canada;China;
Colombia;Croatia;Cuba;Denmark;Ecuador;Egypt;England;Estonia;Ethiopia;Finland;France;Germany;Ghana;Greece;
Hungary;Iceland;India;Indonesia;Iran;Iraq;Ireland;Israel;Italy;Jamaica;Japan;Kenya;Kuwait;Lebanon;
Malaysia;Mexico;Mongolia;Morocco;Mozambique;Nepal;Netherlands;New Zealand;Nigeria;Norway;Pakistan;Peru;
Poland;Portugal;Qatar;Romania;Russia;Saudi Arabia;Scotland;Senegal;Singapore;Slovenia;South Africa;
South Korea;Spain;Sweden;Switzerland;Syria;Thailand;Turkey;Uganda;Ukraine;United Kingdom;United States;
Uruguay;Venezuela;Vietnam;Zimbabwe
"""
STATES = """
Alabama;Alaska;Arizona;Arkansas;California;Colorado;Connecticut;Delaware;Florida;Hawaii;Idaho;Illinois;
Indiana;Iowa;Kansas;Kentucky;Louisiana;Maine;Maryland;Massachusetts;Michigan;Minnesota;Mississippi;
Missouri;Montana;Nebraska;Nevada;New Hampshire;New Jersey;New Mexico;North Carolina;North Dakota;Ohio;
Oklahoma;Oregon;Pennsylvania;Rhode Island;South Carolina;Tennessee;Texas;Utah;Vermont;Wisconsin;Wyoming
"""
CITIES = """
Aberdeen;Abilene;Adelaide;Amsterdam;Ankara;Athens;Atlanta;Baltimore;Bangkok;Barcelona;Beijing;Belfast;
Berlin;Birmingham;Boston;Brisbane;Brussels;Budapest;Cairo;Calgary;Canberra;Cardiff;Charlotte;Chicago;
Cleveland;Copenhagen;Dallas;Delhi;Denver;Detroit;Doha;Dubai;Dublin;Edinburgh;Frankfurt;Geneva;Glasgow;
Hamburg;Helsinki;Houston;Istanbul;Jakarta;Johannesburg;Kansas City;Las Vegas;Leeds;Lisbon;Liverpool;
London;Los Angeles;Lubbock;Luton;Lyon;Madrid;Manchester;Marseille;Melbourne;Memphis;Miami;Milan;
Milwaukee;Minneapolis;Montreal;Moscow;Mumbai;Munich;Nairobi;Naples;Nashville;New Orleans;New York;
New York City;Norwich;Oakland;Oslo;Ottawa;Paris;Perth;Philadelphia;Pittsburgh;Prague;Rome;Rotterdam;
Sacramento;
Salt Lake City;San Diego;San Francisco;Santiago;Seattle;Seoul;Shanghai;Stockholm;Surabaya;Sydney;Tampa;
Tokyo;Toronto;Tucson;Vancouver;Venice;Vienna;Warsaw;Zurich
"""
NATIONALITIES = """
American;Argentine;Australian;Austrian;Belgian;Brazilian;British;Canadian;Chinese;Colombian;Cuban;Czech;
Danish;Dutch;Egyptian;English;Ethiopian;Finnish;French;German;Greek;Hungarian;Indian;Indonesian;Irish;
Israeli;Italian;Jamaican;Japanese;Kenyan;Korean;Lebanese;Mexican;Moroccan;Nigerian;Norwegian;Palestinian;
Peruvian;Polish;Portuguese;Romanian;Russian;Scottish;Spanish;Swedish;Swiss;Thai;Turkish;Ukrainian;
Vietnamese;Welsh
"""
PLURALS = (
    "Americans;Asians;Australians;Austrians;Brazilians;Europeans;Germans;Indians;Italians;Poles;Russians"
)
LANGUAGES = (
    "Arabic;Bengali;Esperanto;Espiranto;Hebrew;Hindi;Konkani;Latin;Mandarin;Persian;Swahili;Tagalog;Urdu"
)
WEEKDAYS = "Monday;Tuesday;Wednesday;Thursday;Friday;Saturday;Sunday"
MONTHS = "January;February;March;April;May;June;July;August;September;October;November;December"
SHORT_MONTHS = "Jan;Feb;Mar;Apr;Jun;Jul;Aug;Sept;Oct;Nov;Dec"
AIRLINES = """
Air Canada;Air France;Alaska Airlines;American Airlines;British Airways;Delta;Delta Airlines;Emirates;
JetBlue;JetBlue Airways;Jetblue Airways;Lufthansa;Qatar Airways;Ryanair;Southwest Airlines;
Spirit Airlines;United Airlines
"""
BANKS = """
Bank of America;Barclays;Capital One;Capitol One;Citibank;Fifth Third;HSBC;PNC Bank;Santander;TD Bank;
US Bank;Wells Fargo
"""
CARDS = "American Express;Amex;Discover Card;Mastercard"
PHONES = "AT&T;Sprint;T-Mobile;TMobile;Verizon;Vodafone"
PLACES_TO_EAT = """
Applebees;Burger King;Chick-Fil-A;Chilis;Chillis;Chipotle;Dominos;Dunkin;Five Guys;Ihop;Kfc;Mcdonalds;
Olive Garden;Outback Steakhouse;Panera;Pizza Hut;Red Lobster;Shake Shack;Starbucks;Taco Bell;Texas Roadhouse
"""
CAR_MAKERS = """
American Motor Company;Audi;Buick;Chevrolet;Chrysler;Citroen;Ford Motor Company;General Motors;Honda;Hyundai;
Mazda;Nissan;Peugeot;Renault;Subaru;Toyota;Volkswagen;Volvo
"""
TECH = """
Adobe;Facebook;Google;IBM;Instagram;LinkedIn;Microsoft;Netflix;Nokia;Oracle;Samsung;Snapchat;Tesla;Twitter
"""
CHANNELS = "BBC;CBS;CNN;ESPN;HBO;MTV;NBC"
CLUBS = "Arsenal;Barca;Bayern;Chelsea;Celtic;Juventus;Real Madrid;Red Sox;White Sox;Yankees"
UNIVERSITIES = (
    "Columbia University;Cornell;Harvard;Harvard University;Princeton;Princeton University;Stanford;Yale"
)
TOURNAMENTS = "Australian Open;French Open;US Open;WTA Championships;Davis Cup;Italian Open"
LANDMARKS = (
    "Big Ben;Eiffel Tower;Golden Gate Bridge;Mount Rushmore;Space Needle;Statue of Liberty;Times Square"
)
ACTORS = """
amy adams;antonio banderas;ben stiller;bette davis;burt lancaster;cary grant;cate blanchett;chris pratt;
danny devito;diane keaton;emma thompson;gary oldman;gene hackman;halle berry;henry fonda;jeff bridges;
jessica lange;john goodman;julianne moore;kevin bacon;laura dern;meryl streep;michelle pfeiffer;
morgan freeman;nicole kidman;paul giamatti;ralph fiennes;sally field;sigourney weaver;tilda swinton;
tom hanks;viola davis
"""
DIRECTORS = """
akira kurosawa;billy wilder;brian de palma;christopher nolan;danny boyle;david fincher;
francis ford coppola;ingmar bergman;john carpenter;kathryn bigelow;martin scorsese;nora ephron;
oliver stone;paul verhoeven;robert altman;ron howard;sidney lumet;sofia coppola;sydney pollack;
wes anderson
"""
TITLES = """
back to the future;blade runner;chariots of fire;chinatown;doctor zhivago;dog day afternoon;
field of dreams;forrest gump;groundhog day;jurassic park;lawrence of arabia;paper moon;raging bull;
rain man;rear window;roman holiday;singin in the rain;some like it hot;stand by me;the big lebowski;
the graduate;the maltese falcon;the matrix;the untouchables;thelma and louise;top gun;west side story;
young frankenstein
"""
CHARACTERS = """
captain ahab;darth vader;dorothy gale;ellen ripley;frodo baggins;hannibal lecter;inspector clouseau;
lara croft;mary poppins;norman bates;peter pan;robin hood;scarlett ohara;sherlock holmes;tyler durden;
zorro
"""
LOCATIONS = """
Antwerp;Bavaria;Cheshire;Dorset;Galicia;Lake Geneva;Leipzig;Lombardy;Normandy;Nova Scotia;Portland;
Provence;Queensland;Saxony;Silesia;Sumatra;Tasmania;Tuscany;Ulster;Wellington;Yorkshire
"""
ORGANISATIONS = """
Amnesty International;Blue Note Records;Cambridge University Press;Carnegie Foundation;Decca;
Eastman Kodak;Federal Express;Green Party;Labour Party;London Symphony Orchestra;
National Geographic Society;Oxfam;Pan Am;Red Cross;Royal Mail;Siemens;Smithsonian Institution;
Standard Oil;The Guardian;Union Pacific Railroad
"""


def _split(names: str) -> list[str]:
    return [name for name in (part.strip() for part in names.replace("\n", " ").split(";")) if name]


LISTS: dict[str, list[str]] = {
    "club": _split(CLUBS), "country": _split(COUNTRIES), "state": _split(STATES), "city": _split(CITIES),
    "nationality": _split(NATIONALITIES), "people": _split(PLURALS), "language": _split(LANGUAGES),
    "weekday": _split(WEEKDAYS), "month": _split(MONTHS), "short month": _split(SHORT_MONTHS),
    "airline": _split(AIRLINES), "bank": _split(BANKS), "card": _split(CARDS),
    "phone company": _split(PHONES),
    "restaurant": _split(PLACES_TO_EAT), "car maker": _split(CAR_MAKERS), "technology": _split(TECH),
    "channel": _split(CHANNELS), "university": _split(UNIVERSITIES),
    "tournament": _split(TOURNAMENTS), "landmark": _split(LANDMARKS),
    "first name": [*MEN, *WOMEN, *RARE], "surname": SURNAMES,
}  # fmt: skip
SPAN_LISTS: dict[str, list[str]] = {
    "Actor": _split(ACTORS), "Director": _split(DIRECTORS), "Title": _split(TITLES),
    "Character": _split(CHARACTERS), "location": _split(LOCATIONS), "organization": _split(ORGANISATIONS),
}  # fmt: skip
FOUND_ONLY = {*RARE, "Capitol One", "Chillis", "Espiranto", "Jetblue Airways", "TMobile", "Barca", "Dunkin"}
FOUND_ONLY |= {"American Motor Company", "WTA Championships", "Delta Airlines"}
ALIASES = (
    {"american express", "amex"},
    {"capital one", "capitol one"},
    {"united kingdom", "england"},
    {"tmobile", "t-mobile"},
)
AMBIGUOUS = """
Aaron Albert April August Austin Bob Carol Charlotte Chelsea Chilis Christian Colin Craig Daisy Dan Dean
Delta Discover Dolly Dominos Don Dora Drew Emirates Eva Florence Georgia Guy Heather Honda Hugo Jack Jean
Jordan Josh Joe Julian Latin Leo Lou Max May March Mason Mike Nancy Naples Nice Nick Noah Norman Oracle
Pat Peter Phil Pole Poles Polish Reading Rick Rob Roger Ron Rosa Rosemary Ross Roy Ruth Santiago Sharon
Sofia Spirit Sprint Stan Stewart Sue Sydney Ted Timothy Toby Todd Tom Turkey Tyler Vera Victor Victoria
Virginia Warren Wayne Will Zach
""".split()
"""Not looked for where nothing is capitalised, though most of them would be names there as well."""
