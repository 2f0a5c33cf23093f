using System.Text;

namespace QuantumTrader.Pipelines;

/// <summary>How bad a finding is.</summary>
public enum Severity
{
    /// <summary>The pipeline runs, but probably not as meant.</summary>
    Warning,

    /// <summary>The pipeline does not run.</summary>
    Error,
}

/// <summary>One thing that is wrong with a pipeline file, and where.</summary>
/// <param name="Severity">How bad it is.</param>
/// <param name="Code">Stable code, see <see cref="FindingCodes"/>.</param>
/// <param name="File">The file as the user named it; <c>--set</c> for the command line.</param>
/// <param name="Line">Line, from 1; for <c>--set</c> the number of the argument.</param>
/// <param name="Column">Column, from 1.</param>
/// <param name="Path">Place in the tree, such as <c>blocks.model.from</c>; empty for the whole file.</param>
/// <param name="Message">What was found.</param>
/// <param name="Legal">What is legal there; null where the message says it.</param>
/// <param name="Nearest">The legal name that was probably meant.</param>
public sealed record Finding(
    Severity Severity, string Code, string File, int Line, int Column, string Path, string Message, string? Legal = null, string? Nearest = null)
{
    /// <summary>The finding as one line: <c>file:line:column: code path: message</c>.</summary>
    public override string ToString()
    {
        var text = new StringBuilder().Append(File).Append(':').Append(Line).Append(':').Append(Column).Append(": ");
        if (Severity == Severity.Warning)
        {
            text.Append("warning ");
        }

        text.Append(Code).Append(' ');
        if (Path.Length > 0)
        {
            text.Append(Path).Append(": ");
        }

        text.Append(Message);
        if (Legal is not null)
        {
            text.Append(" Legal: ").Append(Legal).Append('.');
        }

        if (Nearest is not null)
        {
            text.Append(" Did you mean '").Append(Nearest).Append("'?");
        }

        return text.ToString();
    }
}

/// <summary>A place in a file.</summary>
/// <param name="File">The file as the user named it.</param>
/// <param name="Line">Line, from 1.</param>
/// <param name="Column">Column, from 1.</param>
public readonly record struct Position(string File, int Line, int Column);
