using System.Reflection;
using System.Text.RegularExpressions;
using System.Xml;
using System.Xml.Linq;

namespace QuantumTrader.Pipelines;

/// <summary>
/// The doc comments of an assembly: the text that users read about options. They are read when the first is asked for, because a run asks
/// for none.
/// </summary>
public sealed partial class DocComments
{
    private readonly Lazy<Comments> _comments;

    private DocComments(Func<Comments> read) => _comments = new Lazy<Comments>(read);

    /// <summary>Those of the XML file that the compiler puts beside an assembly; no comments when there is none.</summary>
    public static DocComments Beside(Assembly assembly) => new(() => Read(assembly));

    /// <summary>Those of the text of such a file.</summary>
    public static DocComments Parse(string xml) => new(() => Comments.Of(xml));

    /// <summary>Summary of a property as plain text; empty when there is none.</summary>
    public string Summary(PropertyInfo property) => Text($"P:{Name(property.DeclaringType!)}.{property.Name}", "summary");

    /// <summary>Example of a class, its line breaks kept; empty when there is none.</summary>
    public string Example(Type type)
    {
        if (!_comments.Value.Members.TryGetValue($"T:{Name(type)}", out var member) || member.Element("example") is not { } example)
        {
            return "";
        }

        var lines = example.Value.ReplaceLineEndings("\n").Split('\n').SkipWhile(string.IsNullOrWhiteSpace).ToList();
        var indent = lines.Where(l => !string.IsNullOrWhiteSpace(l)).Select(l => l.Length - l.TrimStart().Length).DefaultIfEmpty().Min();
        return string.Join('\n', lines.Select(l => l.Length < indent ? "" : l[indent..].TrimEnd())).TrimEnd();
    }

    private static Comments Read(Assembly assembly)
    {
        var file = assembly.Location.Length == 0 ? "" : Path.ChangeExtension(assembly.Location, ".xml");
        try
        {
            return File.Exists(file) ? Comments.Of(File.ReadAllText(file)) : new Comments([]);
        }
        catch (Exception e) when (e is XmlException or IOException or UnauthorizedAccessException)
        {
            // Comments are help, not truth: without them everything still works.
            return new Comments([]);
        }
    }

    private string Text(string member, string element) =>
        _comments.Value.Members.TryGetValue(member, out var found) && found.Element(element) is { } text ? Spaces().Replace(Plain(text), " ").Trim() : "";

    private static string Plain(XElement element) => string.Concat(element.Nodes().Select(node => node switch
    {
        XText text => text.Value,
        XElement { Name.LocalName: "see" or "seealso" or "paramref" } see => see.Value.Length > 0 ? see.Value : LastPart(see),
        XElement { Name.LocalName: "c" } code => $"`{code.Value}`",
        XElement other => Plain(other),
        _ => "",
    }));

    private static string LastPart(XElement see)
    {
        var target = (string?)see.Attribute("cref") ?? (string?)see.Attribute("langword") ?? (string?)see.Attribute("name") ?? "";
        return target.Split('(')[0].Split('.', ':')[^1].Split('`')[0];
    }

    private static string Name(Type type) => (type.FullName ?? type.Name).Replace('+', '.');

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();

    // Apart, so that the XML library is loaded with the first comment.
    private sealed class Comments(Dictionary<string, XElement> members)
    {
        public Dictionary<string, XElement> Members => members;

        public static Comments Of(string xml) => new(
            XDocument.Parse(xml, LoadOptions.PreserveWhitespace).Descendants("member")
                .DistinctBy(m => (string?)m.Attribute("name")).ToDictionary(m => (string?)m.Attribute("name") ?? "", StringComparer.Ordinal));
    }
}
