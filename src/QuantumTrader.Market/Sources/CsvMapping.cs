using System.Globalization;
using System.Text;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Market.Sources;

/// <summary>
/// Where in a row of one file each value stands; -1 for what the file does not have. Made anew for each file, since each has its own header.
/// </summary>
internal sealed record CsvMapping(int Time, int Price, int Quantity, int Side, int Number, int Symbol, int Bid, int BidQuantity, int Ask, int AskQuantity)
{
    /// <summary>Fields that a row must have at least.</summary>
    public int Width { get; } = 1 + new[] { Time, Price, Quantity, Side, Number, Symbol, Bid, BidQuantity, Ask, AskQuantity }.Max();

    /// <summary>Finds the columns that the options name in a file.</summary>
    /// <exception cref="ConfigurationException">A column that the kind needs is not named, or the file has no such column.</exception>
    public static CsvMapping Create(CsvOptions options, string path, bool isSnapshot)
    {
        var columns = isSnapshot ? options.Snapshot!.Columns ?? options.Columns : options.Columns;
        var finder = new ColumnFinder(path, options, isSnapshot && options.Snapshot!.Columns is not null ? "snapshot.columns" : "columns");
        var isQuote = options.Kind == CsvKind.Quote;
        return new CsvMapping(
            isSnapshot ? -1 : finder.Find("time.column", options.Time.Column, isNeeded: true),
            finder.FindColumn("price", columns.Price, !isQuote),
            finder.FindColumn("quantity", columns.Quantity, !isQuote),
            isSnapshot ? -1 : finder.FindColumn("side", columns.Side, options.Kind == CsvKind.Level),
            isSnapshot ? -1 : finder.FindColumn("number", columns.Number, isNeeded: false),
            isSnapshot ? -1 : finder.FindColumn("symbol", columns.Symbol, isNeeded: false),
            finder.FindColumn("bid", columns.Bid, isQuote),
            finder.FindColumn("bid_quantity", columns.BidQuantity, isNeeded: false),
            finder.FindColumn("ask", columns.Ask, isQuote),
            finder.FindColumn("ask_quantity", columns.AskQuantity, isNeeded: false));
    }

    private sealed class ColumnFinder(string path, CsvOptions options, string section)
    {
        private readonly string[] _header = options.Header ? ReadHeader(path, (byte)options.Delimiter[0]) : [];

        public int FindColumn(string option, string column, bool isNeeded) => Find($"{section}.{option}", column, isNeeded);

        public int Find(string option, string column, bool isNeeded)
        {
            if (column.Length == 0)
            {
                return !isNeeded ? -1 : throw new ConfigurationException(
                    option, $"'{option}' is missing: name the column{(options.Header ? $" of {Path.GetFileName(path)}. Its columns are {string.Join(", ", _header)}." : " by its number, from 1.")}");
            }

            if (!options.Header)
            {
                return int.TryParse(column, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= 1
                    ? number - 1
                    : throw new ConfigurationException(option, $"'{column}' is no column number. Without a header columns are numbered from 1.");
            }

            var index = Array.IndexOf(_header, column);
            return index >= 0 ? index : throw new ConfigurationException(
                option, $"{Path.GetFileName(path)} has no column '{column}'. Its columns are {string.Join(", ", _header)}.{Nearest(column)}");
        }

        private string Nearest(string column) => NearestName.Of(column, _header) is { } nearest ? $" Did you mean '{nearest}'?" : "";

        private static string[] ReadHeader(string path, byte delimiter)
        {
            try
            {
                using var file = new InputFile(path);
                var row = new CsvRow(delimiter);
                return file.Lines.Read(out var line) == LineResult.Line && row.TrySplit(WithoutMark(line))
                    ? [.. Enumerable.Range(0, row.Count).Select(i => Encoding.UTF8.GetString(row[i]).Trim())]
                    : [];
            }
            catch (Exception e) when (e is InvalidDataException or IOException or UnauthorizedAccessException)
            {
                throw new ConfigurationException("path", $"'{path}' cannot be read: {e.Message}. Replace the file or take it out of 'path'.") { Outside = true };
            }
        }

        // Spreadsheets put a byte order mark before the first name.
        private static ReadOnlySpan<byte> WithoutMark(ReadOnlySpan<byte> line) => line is [0xEF, 0xBB, 0xBF, .. var text] ? text : line;
    }
}
