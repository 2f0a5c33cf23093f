using System.Reflection;

namespace QuantumTrader.Pipelines;

/// <summary>One kind of finding.</summary>
/// <param name="Id">Stable code, such as <c>QT0107</c>.</param>
/// <param name="Meaning">What it means, in one line.</param>
/// <param name="Remedy">What to do about it, in one line.</param>
/// <param name="Severity">How bad it is.</param>
public sealed record FindingCode(string Id, string Meaning, string Remedy, Severity Severity = Severity.Error);

/// <summary>All kinds of findings. 00xx: files and YAML. 01xx: keys and names. 02xx: values. 03xx: the graph. 04xx: sections and plugins. 05xx: tests. 06xx: construction.</summary>
public static class FindingCodes
{
    public static readonly FindingCode Unreadable = new("QT0001", "A file cannot be read.", "Check the path and the file's permissions.");
    public static readonly FindingCode TooLarge = new("QT0002", "A file is larger than 4 MB.", "Pipelines are small: move data out of the file.");
    public static readonly FindingCode NotUtf8 = new("QT0003", "A file is not UTF-8.", "Save the file as UTF-8.");
    public static readonly FindingCode Syntax = new("QT0004", "A file is not well-formed YAML.", "Look at the place named and just above it: brackets, quotes, colons, indentation.");
    public static readonly FindingCode Tab = new("QT0005", "A line is indented with a tab.", "Indent with spaces.");
    public static readonly FindingCode Empty = new("QT0006", "A file holds nothing.", "Write `version: 1`, `pipeline:` and `blocks:`.");
    public static readonly FindingCode SeveralDocuments = new("QT0007", "A file holds several YAML documents.", "Keep one document per file.");
    public static readonly FindingCode DuplicateKey = new("QT0008", "A key is given twice in one mapping.", "Remove one of the two.");
    public static readonly FindingCode UnknownAlias = new("QT0009", "An alias names no anchor above it.", "Define the anchor (`&name`) before the alias, and not around it.");
    public static readonly FindingCode TooManyNodes = new("QT0010", "A file, with its aliases written out, has too many values.", "Use fewer nested aliases.");
    public static readonly FindingCode TooDeep = new("QT0011", "Values are nested too deeply.", "Flatten the file.");
    public static readonly FindingCode KeyNotText = new("QT0012", "A key is a list or a mapping.", "Use plain text as key.");
    public static readonly FindingCode Tag = new("QT0013", "A value carries a YAML tag.", "Remove the tag: the option's type decides how a value is read.");
    public static readonly FindingCode NothingToRemove = new("QT0014", "An overlay removes a key that is not there.", "Correct the key, or leave the line out.", Severity.Warning);
    public static readonly FindingCode BadSet = new("QT0015", "A --set argument is not of the form a.b.c=value.", "Write for example --set blocks.model.model=x.onnx.");
    public static readonly FindingCode MergeKey = new("QT0016", "YAML merge keys (<<) are not supported.", "Write the keys out, or use an overlay.");
    public static readonly FindingCode VariableUnset = new("QT0020", "An environment variable is not set and has no default.", "Set it, or give a default: ${NAME:-default}.");
    public static readonly FindingCode VariableSyntax = new("QT0021", "An environment reference is malformed.", "Write ${NAME} or ${NAME:-default}; write $$ for a dollar sign.");
    public static readonly FindingCode BadSwitch = new("QT0022", "An environment variable that is a switch has no legal value.", "Set it to one of the values named, or unset it.");

    public static readonly FindingCode UnknownKey = new("QT0101", "A key is not known here.", "Correct or remove it; an overlay that changes a block's type removes the old type's options with null.");
    public static readonly FindingCode MissingKey = new("QT0102", "A required key is missing.", "Add it.");
    public static readonly FindingCode WrongKind = new("QT0103", "A mapping, list or single value stands where another of the three is needed.", "See `qt blocks TYPE` for the option's shape.");
    public static readonly FindingCode Version = new("QT0104", "The file's version is not 1.", "Write `version: 1`.");
    public static readonly FindingCode BadName = new("QT0105", "A name has characters that are not allowed.", "Use a-z, 0-9, _ and -, starting with a letter.");
    public static readonly FindingCode UnknownType = new("QT0106", "No block type has this name.", "See `qt blocks` for all types.");
    public static readonly FindingCode UnknownBlock = new("QT0107", "No block has this name.", "Correct the name, or add the block.");
    public static readonly FindingCode DuplicateInput = new("QT0108", "A port names the same block twice.", "Name it once.");
    public static readonly FindingCode SourceWithInput = new("QT0109", "A source has an input.", "Remove `from`: a source makes its own events.");
    public static readonly FindingCode MissingInput = new("QT0110", "A block has no input at one of its ports.", "Name the blocks that feed it.");
    public static readonly FindingCode NoBlocks = new("QT0111", "A pipeline has no blocks.", "Add blocks, beginning with a source.");
    public static readonly FindingCode UnknownEvents = new("QT0112", "No type of events has this name.", "Choose one of those listed.");

    public static readonly FindingCode NotANumber = new("QT0201", "A value is not a number of the needed kind.", "Write a plain number with a decimal point, without quotes or separators.");
    public static readonly FindingCode OutOfRange = new("QT0202", "A number is outside its legal range.", "Choose one within the range named.");
    public static readonly FindingCode NotABoolean = new("QT0203", "A value is neither true nor false.", "Write true or false, without quotes.");
    public static readonly FindingCode NotAChoice = new("QT0204", "A value is not one of the legal words.", "Choose one of those listed.");
    public static readonly FindingCode NoValue = new("QT0205", "A key has no value.", "Give one, or remove the key to get the default.");

    public static readonly FindingCode NotADuration = new("QT0206", "A value is not a length of time.", "Write a number with its unit: ms, s, m, h or d.");
    public static readonly FindingCode NotAShare = new("QT0207", "A value is not a percentage.", "Write a number from 0 to 100 with a percent sign, such as 10%.");

    public static readonly FindingCode Cycle = new("QT0301", "Blocks feed each other in a circle.", "Break the circle at one of the blocks named.");
    public static readonly FindingCode TypeMismatch = new("QT0302", "A block is fed with events of a type that it does not take.", "Put a block between that turns one type into the other.");
    public static readonly FindingCode DifferentRoots = new("QT0303", "The inputs of a block come from different roots, whose sequences cannot be compared.", "Put the branches behind one block that numbers events anew, such as normalize.");
    public static readonly FindingCode CallbackEdge = new("QT0304", "A source that is called back may block its vendor's thread.", "Give it `edge: { when_full: drop_oldest }` or another policy that never blocks.");
    public static readonly FindingCode LossyTrading = new("QT0305", "Events can be dropped on the way to a block that trades.", "Use `when_full: block` on the trading path.", Severity.Warning);
    public static readonly FindingCode NotPartitioned = new("QT0306", "A block that keeps one state for all keys is to run several times.", "Remove `parallelism`.");
    public static readonly FindingCode Unused = new("QT0307", "Nobody uses a block's output.", "Connect a block behind it, or remove it.", Severity.Warning);
    public static readonly FindingCode HostedPolicy = new("QT0308", "A block that hosts a Dataflow block is to go on behind an exception.", "Remove `on_error`, and catch exceptions inside the hosted block.");
    public static readonly FindingCode NoFormat = new("QT0309", "A block that handles any type of events is fed with one that has no outside form.", "Connect it to blocks whose events have one, or register an event format.");
    public static readonly FindingCode MergedTwice = new("QT0310", "One source reaches a merging block over two inputs.", "Merge the sources first, and branch behind the merge.");
    public static readonly FindingCode PhaseOff = new("QT0311", "A phase that is switched off leaves a block without input.", "Give the block the same `phase`, or another block to read from.");

    public static readonly FindingCode MissingSection = new("QT0401", "A section that a block needs is missing.", "Add the section.");
    public static readonly FindingCode PluginMissing = new("QT0402", "A plugin file does not exist.", "Correct the path; it starts at the pipeline's folder.");
    public static readonly FindingCode PluginUnusable = new("QT0403", "A plugin cannot be used.", "Build it for this version, and correct what the message names.");

    public static readonly FindingCode TestPort = new("QT0501", "A test names a block or port that is not there.", "Write the block's name, or block.port for its second port.");
    public static readonly FindingCode TestFormat = new("QT0502", "A test uses events that have no outside form.", "Insert or expect at a block with another event type.");
    public static readonly FindingCode TestField = new("QT0503", "A field of a test's event is not known or cannot be read.", "Use the fields and forms named.");
    public static readonly FindingCode TestEmpty = new("QT0504", "A test inserts or expects nothing.", "Add `insert:` and `expect:`.");

    public static readonly FindingCode Refused = new("QT0601", "A block or section cannot work with its options.", "Do what the message says.");

    /// <summary>Every code, in order.</summary>
    public static IReadOnlyList<FindingCode> All { get; } =
        [.. typeof(FindingCodes).GetFields(BindingFlags.Public | BindingFlags.Static).Select(f => f.GetValue(null)).OfType<FindingCode>().OrderBy(c => c.Id, StringComparer.Ordinal)];
}
