import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { RefObject } from 'preact';

/** The width that an element has now, in CSS pixels; 0 before it was measured. */
export function useWidth<E extends HTMLElement>(): [RefObject<E | null>, number] {
  const element = useRef<E>(null);
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const target = element.current;
    if (!target) {
      return undefined;
    }
    const observer = new ResizeObserver(() => setWidth(target.clientWidth));
    setWidth(target.clientWidth);
    observer.observe(target);
    return () => observer.disconnect();
  }, []);
  return [element, width];
}
