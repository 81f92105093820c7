"""The data sets of the UCR archive (Dau et al. 2019) and of the UEA archive (Bagnall et al. 2018), by name."""

UCR = tuple(
    """
    ACSF1 Adiac AllGestureWiimoteX AllGestureWiimoteY AllGestureWiimoteZ ArrowHead Beef BeetleFly BirdChicken BME Car
    CBF Chinatown ChlorineConcentration CinCECGTorso Coffee Computers CricketX CricketY CricketZ Crop
    DiatomSizeReduction DistalPhalanxOutlineAgeGroup DistalPhalanxOutlineCorrect DistalPhalanxTW DodgerLoopDay
    DodgerLoopGame DodgerLoopWeekend Earthquakes ECG200 ECG5000 ECGFiveDays ElectricDevices EOGHorizontalSignal
    EOGVerticalSignal EthanolLevel FaceAll FaceFour FacesUCR FiftyWords Fish FordA FordB FreezerRegularTrain
    FreezerSmallTrain Fungi GestureMidAirD1 GestureMidAirD2 GestureMidAirD3 GesturePebbleZ1 GesturePebbleZ2 GunPoint
    GunPointAgeSpan GunPointMaleVersusFemale GunPointOldVersusYoung Ham HandOutlines Haptics Herring HouseTwenty
    InlineSkate InsectEPGRegularTrain InsectEPGSmallTrain InsectWingbeatSound ItalyPowerDemand LargeKitchenAppliances
    Lightning2 Lightning7 Mallat Meat MedicalImages MelbournePedestrian MiddlePhalanxOutlineAgeGroup
    MiddlePhalanxOutlineCorrect MiddlePhalanxTW MixedShapesRegularTrain MixedShapesSmallTrain MoteStrain
    NonInvasiveFetalECGThorax1 NonInvasiveFetalECGThorax2 OliveOil OSULeaf PhalangesOutlinesCorrect Phoneme
    PickupGestureWiimoteZ PigAirwayPressure PigArtPressure PigCVP PLAID Plane PowerCons ProximalPhalanxOutlineAgeGroup
    ProximalPhalanxOutlineCorrect ProximalPhalanxTW RefrigerationDevices Rock ScreenType SemgHandGenderCh2
    SemgHandMovementCh2 SemgHandSubjectCh2 ShakeGestureWiimoteZ ShapeletSim ShapesAll SmallKitchenAppliances
    SmoothSubspace SonyAIBORobotSurface1 SonyAIBORobotSurface2 StarLightCurves Strawberry SwedishLeaf Symbols
    SyntheticControl ToeSegmentation1 ToeSegmentation2 Trace TwoLeadECG TwoPatterns UMD UWaveGestureLibraryAll
    UWaveGestureLibraryX UWaveGestureLibraryY UWaveGestureLibraryZ Wafer Wine WordSynonyms Worms WormsTwoClass Yoga
    """.split()  # noqa: SIM905 - as a list, one name a line, it could not be read
)

UEA = tuple(
    """
    ArticularyWordRecognition AtrialFibrillation BasicMotions CharacterTrajectories Cricket DuckDuckGeese EigenWorms
    Epilepsy EthanolConcentration ERing FaceDetection FingerMovements HandMovementDirection Handwriting Heartbeat
    InsectWingbeat JapaneseVowels Libras LSST MotorImagery NATOPS PenDigits PEMS-SF PhonemeSpectra RacketSports
    SelfRegulationSCP1 SelfRegulationSCP2 SpokenArabicDigits StandWalkJump UWaveGestureLibrary
    """.split()  # noqa: SIM905 - as a list, one name a line, it could not be read
)

# Where a .tsv of the UCR archive ends in NaNs, the series of these sets have ended; in others a value is missing.
OF_UNEQUAL_LENGTH = tuple(
    """
    AllGestureWiimoteX AllGestureWiimoteY AllGestureWiimoteZ GestureMidAirD1 GestureMidAirD2 GestureMidAirD3
    GesturePebbleZ1 GesturePebbleZ2 PickupGestureWiimoteZ PLAID ShakeGestureWiimoteZ
    """.split()  # noqa: SIM905 - as a list, one name a line, it could not be read
)
