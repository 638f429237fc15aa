// Constants of WebGPU that TypeScript's own library lacks.

declare const GPUBufferUsage: Record<"UNIFORM" | "COPY_DST" | "STORAGE" | "MAP_READ", number>;
declare const GPUTextureUsage: Record<"RENDER_ATTACHMENT" | "COPY_SRC", number>;
declare const GPUMapMode: Record<"READ", number>;
