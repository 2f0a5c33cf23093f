using System.Text;
using System.Text.Unicode;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace QuantumTrader.Pipelines;

/// <summary>
/// Reads YAML into <see cref="ConfigNode"/>s. It works on parser events rather than on YamlDotNet's own tree, because the events carry
/// the places of aliases and duplicate keys, and because nothing thrown by the parser may get out.
/// </summary>
internal sealed class YamlReader
{
    /// <summary>Deeper files are refused, since every later step walks the tree by recursion.</summary>
    public const int MaxDepth = 64;

    /// <summary>Values in one file, aliases written out.</summary>
    public const int MaxNodes = 200_000;

    /// <summary>Bytes in one file.</summary>
    public const int MaxBytes = 4 * 1024 * 1024;

    private readonly string _file;
    private readonly FindingList _findings;
    private readonly int _line;
    private readonly int _column;
    private readonly Parser _parser;
    private readonly Dictionary<string, ConfigNode> _anchors = new(StringComparer.Ordinal);
    private Position _last;
    private int _size;

    private YamlReader(string text, string file, FindingList findings, int line, int column)
    {
        _file = file;
        _findings = findings;
        _line = line;
        _column = column;
        _last = new Position(file, line, column);
        _parser = new Parser(new StringReader(text));
    }

    /// <summary>Reads a file; null, with at least one finding, when it cannot be used.</summary>
    public static ConfigNode? ReadFile(string path, FindingList findings)
    {
        var start = new Position(path, 1, 1);
        try
        {
            var file = new FileInfo(path);
            if (file.Exists && file.Length > MaxBytes)
            {
                findings.Add(FindingCodes.TooLarge, start, "", $"the file has {file.Length} bytes; the most is {MaxBytes}.");
                return null;
            }

            return ReadBytes(File.ReadAllBytes(path), path, findings);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            findings.Add(FindingCodes.Unreadable, start, "", e is FileNotFoundException or DirectoryNotFoundException ? "the file does not exist." : $"the file cannot be read: {e.Message}");
            return null;
        }
    }

    /// <summary>Reads the bytes of a file.</summary>
    public static ConfigNode? ReadBytes(ReadOnlySpan<byte> bytes, string file, FindingList findings)
    {
        bytes = bytes.StartsWith(Encoding.UTF8.Preamble) ? bytes[Encoding.UTF8.Preamble.Length..] : bytes;
        var characters = new char[bytes.Length];
        var status = Utf8.ToUtf16(bytes, characters, out var read, out var written, replaceInvalidSequences: false);
        if (status != System.Buffers.OperationStatus.Done)
        {
            var good = characters.AsSpan(0, written);
            var at = new Position(file, good.Count('\n') + 1, written - good.LastIndexOf('\n'));
            findings.Add(FindingCodes.NotUtf8, at, "", $"byte 0x{bytes[read]:x2} is not UTF-8.");
            return null;
        }

        return ReadText(new string(characters, 0, written), file, findings);
    }

    /// <summary>Reads a text. Line and column say where in its file the text begins.</summary>
    public static ConfigNode? ReadText(string text, string file, FindingList findings, int line = 1, int column = 1)
    {
        var reader = new YamlReader(text, file, findings, line, column);
        try
        {
            return reader.ReadStream();
        }
        catch (StopException)
        {
            return null;
        }
#pragma warning disable CA1031 // The parser throws many types, also bare InvalidOperationException, and a file must never end the program.
        catch (Exception e)
#pragma warning restore CA1031
        {
            reader.Explain(e, text);
            return null;
        }
    }

    private ConfigNode? ReadStream()
    {
        _parser.Consume<StreamStart>();
        if (!_parser.TryConsume<DocumentStart>(out _))
        {
            _findings.Add(FindingCodes.Empty, _last, "", "there is nothing in it.");
            return null;
        }

        var root = ReadNode(0);
        _parser.Consume<DocumentEnd>();
        if (_parser.TryConsume<DocumentStart>(out var second))
        {
            _findings.Add(FindingCodes.SeveralDocuments, At(second.Start), "", "a second document begins here.");
            return null;
        }

        return root;
    }

    private ConfigNode ReadNode(int depth)
    {
        var at = At(_parser.Current!.Start);
        if (depth > MaxDepth)
        {
            Stop(FindingCodes.TooDeep, at, $"more than {MaxDepth} levels.");
        }

        if (_parser.TryConsume<AnchorAlias>(out var alias))
        {
            if (!_anchors.TryGetValue(alias.Value.Value, out var target))
            {
                _findings.Add(FindingCodes.UnknownAlias, at, "", $"no anchor above is named '{alias.Value.Value}'.", nearest: NearestName.Of(alias.Value.Value, _anchors.Keys));
                return new ScalarNode(at, "", IsQuoted: false);
            }

            Count(target.Size, at);
            return target;
        }

        Count(1, at);
        var start = (NodeEvent)_parser.Current!;
        if (!start.Tag.IsEmpty)
        {
            _findings.Add(FindingCodes.Tag, at, "", "tags are not supported.");
        }

        ConfigNode node = start switch
        {
            Scalar => ReadScalar(at),
            SequenceStart => ReadSequence(at, depth),
            _ => ReadMapping(at, depth),
        };

        // Known only from here on: an alias inside its own anchor would be a circle.
        if (!start.Anchor.IsEmpty)
        {
            _anchors[start.Anchor.Value] = node;
        }

        return node;
    }

    private ScalarNode ReadScalar(Position at)
    {
        var scalar = _parser.Consume<Scalar>();
        return new ScalarNode(at, scalar.Value, scalar.Style != ScalarStyle.Plain);
    }

    private SequenceNode ReadSequence(Position at, int depth)
    {
        _parser.Consume<SequenceStart>();
        var items = new List<ConfigNode>();
        while (!_parser.TryConsume<SequenceEnd>(out _))
        {
            items.Add(ReadNode(depth + 1));
        }

        return new SequenceNode(at, items);
    }

    private MappingNode ReadMapping(Position at, int depth)
    {
        _parser.Consume<MappingStart>();
        var entries = new Dictionary<string, MappingEntry>(StringComparer.Ordinal);
        var order = new List<MappingEntry>();
        while (!_parser.TryConsume<MappingEnd>(out _))
        {
            var keyAt = At(_parser.Current!.Start);
            var key = ReadNode(depth + 1);
            var value = ReadNode(depth + 1);
            if (key is not ScalarNode { Value: var name })
            {
                _findings.Add(FindingCodes.KeyNotText, keyAt, "", $"the key is {key.Kind}.");
                continue;
            }

            var entry = new MappingEntry(name, keyAt, value);
            if (entries.TryAdd(name, entry))
            {
                order.Add(entry);
            }
            else
            {
                _findings.Add(FindingCodes.DuplicateKey, keyAt, "", $"'{name}' is already given in line {entries[name].Position.Line}.");
            }
        }

        return new MappingNode(at, order);
    }

    private void Count(int size, Position at)
    {
        _size = Sizes.Add(_size, size);
        if (_size > MaxNodes)
        {
            Stop(FindingCodes.TooManyNodes, at, $"more than {MaxNodes} values.");
        }
    }

    private void Stop(FindingCode code, Position at, string message)
    {
        _findings.Add(code, at, "", message);
        throw new StopException();
    }

    private Position At(in Mark mark)
    {
        var line = Math.Max(1, (int)mark.Line);
        var column = Math.Max(1, (int)mark.Column);
        return _last = new Position(_file, _line + line - 1, line == 1 ? _column + column - 1 : column);
    }

    /// <summary>Names the best place there is for an exception: a tab as indentation, the parser's own mark, or the last value read.</summary>
    private void Explain(Exception e, string text)
    {
        var lines = text.TrimEnd().Split('\n');
        var tab = Array.FindIndex(lines, l => l.AsSpan(0, l.Length - l.AsSpan().TrimStart().Length).Contains('\t'));
        if (tab >= 0)
        {
            _findings.Add(FindingCodes.Tab, new Position(_file, _line + tab, lines[tab].IndexOf('\t', StringComparison.Ordinal) + 1), "", "the line is indented with a tab.");
            return;
        }

        var at = e is YamlException { Start.Index: > 0 } yaml ? Clamp(At(yaml.Start), lines) : _last;
        var reason = e.Message.ReplaceLineEndings(" ").Trim().TrimEnd('.');
        var line = lines[Math.Clamp(at.Line - _line, 0, lines.Length - 1)];
        var hint = line.Contains("${", StringComparison.Ordinal) ? " Inside { } and [ ], ${...} needs quotes." : "";
        _findings.Add(FindingCodes.Syntax, at, "", $"this is not well-formed YAML: {reason}.{hint}");
    }

    /// <summary>What is missing at the end is missed by the parser on a line that does not exist.</summary>
    private Position Clamp(Position at, string[] lines)
    {
        var last = _line + lines.Length - 1;
        return at.Line <= last ? at : at with { Line = last, Column = lines[^1].Length + (lines.Length == 1 ? _column : 1) };
    }

    /// <summary>Leaves the walk after a finding that makes the rest pointless.</summary>
    private sealed class StopException : Exception;
}
