/** A file, without its content. */
export interface StoredFile {
  readonly id: string;
  readonly name: string;
  readonly contentType: string;
  /** In bytes. */
  readonly size: number;
  readonly uploadedBy: string;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** The columns of a {@link StoredFile}. */
export const FILE_COLUMNS =
  'id, name, content_type as "contentType", size, uploaded_by as "uploadedBy", created_at as "createdAt", updated_at as "updatedAt"';
