"""Problems: one file per data set; this table is all that listing them reads."""

from valpnas.contracts.entry import Entry

PROBLEMS: tuple[Entry, ...] = (
    Entry(
        "digits",
        "8x8 hand-written digits: name the digit, count its grey levels, draw new ones; embedded, needs no files",
        "valpnas.problems.digits:digits",
    ),
    Entry(
        "mnist",
        "28x28 hand-written digits: the same three tasks; 12 MB are fetched",
        "valpnas.problems.mnist:mnist",
    ),
    Entry(
        "fashion-mnist",
        "28x28 images of clothes: the same three tasks; 31 MB are fetched",
        "valpnas.problems.fashion_mnist:fashion_mnist",
    ),
    Entry(
        "fashion-halves",
        "left and right half of the same clothes: two inputs, and a fourth task, which half is brighter",
        "valpnas.problems.fashion_halves:fashion_halves",
    ),
    Entry(
        "abalone",
        "sea snails: age and sex from seven measures; 190 kB are fetched",
        "valpnas.problems.abalone:abalone",
    ),
    Entry(
        "energy",
        "houses: heating and cooling load from eight figures of the design; 75 kB are fetched",
        "valpnas.problems.energy:energy",
    ),
    Entry(
        "student",
        "Portuguese pupils: three marks and passing, from two tables, the person and the school; 20 kB are fetched",
        "valpnas.problems.student:student",
    ),
    Entry(
        "digits-class",
        "8x8 hand-written digits: name the digit; embedded, needs no files",
        "valpnas.problems.digits:digits_class",
    ),
    Entry(
        "mnist-class",
        "28x28 hand-written digits: name the digit",
        "valpnas.problems.mnist:mnist_class",
    ),
    Entry(
        "fashion-class",
        "28x28 images of clothes: name the article",
        "valpnas.problems.fashion_mnist:fashion_class",
    ),
    Entry(
        "fashion-class-10k",
        "the same, with 10,000 images to learn from",
        "valpnas.problems.fashion_mnist:fashion_class_10k",
    ),
    Entry(
        "cifar10",
        "32x32 colour images: name what is on them, one of ten things; 170 MB are fetched",
        "valpnas.problems.cifar10:cifar10",
    ),
    Entry(
        "cifar10-jpeg",
        "12,000 of the same images after JPEG, which is lossy; a file of your own",
        "valpnas.problems.cifar10_jpeg:cifar10_jpeg",
    ),
    Entry(
        "ucr",
        "a time series of the UCR archive: name its class; its files are fetched",
        "valpnas.problems.series:series",
        {"archive": "ucr"},
        argument="NAME",
        members="valpnas.problems._archive_names:UCR",
    ),
    Entry(
        "uea",
        "several time series at once, of the UEA archive: name their class; their files are fetched",
        "valpnas.problems.series:series",
        {"archive": "uea"},
        argument="NAME",
        members="valpnas.problems._archive_names:UEA",
    ),
)
