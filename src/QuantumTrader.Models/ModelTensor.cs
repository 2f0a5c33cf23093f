using System.Numerics;
using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;

namespace QuantumTrader.Models;

/// <summary>Memory of a tensor that stays in its place for as long as the model lives, so that it is bound once and not per run.</summary>
internal abstract class ModelTensor(int rowLength)
{
    /// <summary>Values of a row.</summary>
    public int RowLength { get; } = rowLength;

    /// <summary>Makes the memory of a tensor.</summary>
    public static ModelTensor Of(ElementType type, int rows, int rowLength) => type switch
    {
        ElementType.Float => new Typed<float>(rows, rowLength),
        ElementType.Double => new Typed<double>(rows, rowLength),
        _ => new Typed<long>(rows, rowLength),
    };

    /// <summary>Shows the first rows to ONNX Runtime, in the shape that the manifest gives a row.</summary>
    public abstract OrtValue Show(int rows, IEnumerable<long> shapeOfRow);

    /// <summary>Puts values into a row.</summary>
    public abstract void Write(int row, ReadOnlySpan<double> values);

    /// <summary>Takes the values of a row.</summary>
    public abstract void Read(int row, Span<double> values);

    /// <summary>Puts the first row into all rows of a range.</summary>
    public abstract void RepeatFirst(int from, int to);

    private sealed class Typed<T>(int rows, int rowLength) : ModelTensor(rowLength) where T : unmanaged, INumber<T>
    {
        private readonly T[] _values = new T[rows * rowLength];

        public override OrtValue Show(int rows, IEnumerable<long> shapeOfRow) =>
            OrtValue.CreateTensorValueFromMemory(OrtMemoryInfo.DefaultInstance, _values.AsMemory(0, rows * RowLength), [rows, .. shapeOfRow]);

        public override void Write(int row, ReadOnlySpan<double> values)
        {
            var target = _values.AsSpan(row * RowLength, RowLength);
            var i = 0;
            if (typeof(T) == typeof(float))
            {
                // Rounds like a cast, several at a time: with large batches this is what a row costs here.
                var from = MemoryMarshal.Cast<double, Vector<double>>(values);
                var to = MemoryMarshal.Cast<T, Vector<float>>(target);
                for (var v = 0; v < to.Length; v++)
                {
                    to[v] = Vector.Narrow(from[2 * v], from[(2 * v) + 1]);
                }

                i = to.Length * Vector<float>.Count;
            }

            for (; i < target.Length; i++)
            {
                target[i] = T.CreateTruncating(values[i]);
            }
        }

        public override void Read(int row, Span<double> values)
        {
            var source = _values.AsSpan(row * RowLength, RowLength);
            for (var i = 0; i < source.Length; i++)
            {
                values[i] = double.CreateTruncating(source[i]);
            }
        }

        public override void RepeatFirst(int from, int to)
        {
            for (var row = from; row < to; row++)
            {
                _values.AsSpan(0, RowLength).CopyTo(_values.AsSpan(row * RowLength));
            }
        }
    }
}
